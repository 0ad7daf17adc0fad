"""What only a process of its own can show: signals, pipes, streams and exit codes."""

import os
import signal
import subprocess
import sys

import pytest

from tests.cli.files import small_file

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and pipes of POSIX")


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "ckpt_studio", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_save_that_is_stopped_leaves_nothing_behind(sd15_parts, tmp_path, number):
    out = tmp_path / "out.safetensors"
    out.write_bytes(b"the old file")
    running = start(
        *("convert", sd15_parts.unet, "-o", out, "--dtype", "fp32"),
        *("--overwrite", "--progress", "--threads", "1"),
    )
    seen = b""
    while b"%" not in seen:
        piece = os.read(running.stderr.fileno(), 4096)
        assert piece, "the program ended before it wrote anything"
        seen += piece
    running.send_signal(number)
    out_text, err_text = running.communicate(timeout=30)
    assert running.returncode == 130, err_text
    assert out_text == b""
    assert b"Cancelled" in err_text
    assert b"Traceback" not in err_text
    assert out.read_bytes() == b"the old file"
    assert [item.name for item in tmp_path.iterdir()] == ["out.safetensors"]


def test_a_reader_that_goes_away_is_no_error(sd15_checkpoint):
    running = start("inspect", sd15_checkpoint, "--tensors")
    running.stdout.close()
    assert running.stderr.read() == b""
    assert running.wait(timeout=30) == 0
    running.stderr.close()


def test_progress_goes_to_standard_error_only_when_somebody_looks(process, tmp_path):
    source = small_file(tmp_path / "a.safetensors")
    quiet = process("hash", source, "--json")
    assert quiet.err == ""
    loud = process("hash", source, "--json", "--progress", "--no-cache")
    assert "100%" in loud.err
    assert loud.json == quiet.json


def test_every_command_has_help_with_an_example(process):
    top = process("--help")
    assert top.code == 0
    for name in ("inspect", "save", "extract", "convert", "meta", "hash", "run", "demo"):
        assert f"\n    {name} " in top.out
        shown = process(name, "--help")
        assert shown.code == 0
        assert f"example:\n  ckpt-studio {name}" in shown.out


@pytest.mark.parametrize("action", ["show", "set", "remove", "rename", "export"])
def test_every_action_on_metadata_has_help_with_an_example(cli, capsys, action):
    with pytest.raises(SystemExit) as left:
        cli("meta", action, "--help")
    assert left.value.code == 0
    assert f"example:\n  ckpt-studio meta {action} model" in capsys.readouterr().out


def test_an_unknown_command_is_wrong_usage_and_a_file_is_for_the_window(process, tmp_path):
    wrong = process("inspct")
    assert wrong.code == 2
    assert "inspct" in wrong.err
    environment = {key: value for key, value in os.environ.items() if "DISPLAY" not in key}
    environment.pop("QT_QPA_PLATFORM", None)
    window = process("model.safetensors", env=environment)
    assert (window.code, window.out) == (1, "")
    assert "display" in window.err


def test_debug_shows_where_an_error_comes_from(process, tmp_path):
    quiet = process("inspect", tmp_path / "none.safetensors")
    loud = process("inspect", tmp_path / "none.safetensors", "--debug")
    assert quiet.code == loud.code == 1
    assert "Traceback" not in quiet.err
    assert "Traceback" in loud.err


def test_an_exception_nobody_foresaw_is_a_sentence(tmp_path):
    code = (
        "import sys\n"
        "from ckpt_studio.cli import inspect_files, main\n"
        "from dataclasses import replace\n"
        "def broken(arguments): raise KeyError('oops')\n"
        "inspect_files.COMMAND = replace(inspect_files.COMMAND, run=broken)\n"
        "sys.exit(main.run(['inspect', 'x', *sys.argv[1:]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert '"kind": "unexpected"' in done.stdout
    assert "oops" in done.stderr
    assert "Traceback" not in done.stderr
