"""The documents say what is so."""

import argparse
import re
from pathlib import Path

import pytest

from ckpt_studio.cli.commands import COMMANDS, load
from ckpt_studio.core.families.architecture import family
from tests.cli.files import part_tensors, sparse_file

ROOT = Path(__file__).parent.parent.parent
TEXTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
TEXTS += sorted((ROOT / "docs").rglob("*.md"))


def options(parser):
    for action in parser._actions:
        yield from (name for name in action.option_strings if name.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from options(inner)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_the_page_of_the_command_line(name):
    parser = argparse.ArgumentParser()
    load(name).add_arguments(parser)
    page = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    assert re.search(rf"^## {name}\b", page, re.MULTILINE)
    missing = [option for option in options(parser) if option != "--help" and option not in page]
    assert missing == []


def test_the_python_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, placement in family("sd15").placements.items():
        sparse_file(tmp_path / f"{name}.safetensors", part_tensors(placement))
    (example,) = re.findall(r"```python\n(.*?)```", TEXTS[0].read_text("utf-8"), re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    said = capsys.readouterr().out
    assert "Stable Diffusion 1.5" in said
    assert "100%" in said
    assert (tmp_path / "checkpoint.safetensors").stat().st_size > 2_000_000_000
    (tmp_path / "checkpoint.safetensors").unlink()


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path):
    text = path.read_text("utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
    broken = [link for link in links if not (path.parent / link).exists()]
    assert broken == []
