"""What an installation holds: every folder with modules is in the list of packages."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_folder_of_modules_is_installed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "ckpt_studio").rglob("__init__.py")
    }
    assert {*listed["packages"]} == folders | {"ckpt_studio.resources"}
