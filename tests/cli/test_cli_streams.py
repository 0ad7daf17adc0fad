"""Closed and full streams, and Ctrl-C before there is anything to stop."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.files import small_file

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells and signals of POSIX")
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")


def shell(streams, *arguments):
    words = [sys.executable, "-m", "ckpt_studio", *map(str, arguments)]
    line = f"{shlex.join(words)} {streams}"
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_job_is_done_although_streams_are_closed(tmp_path, streams):
    source, out = small_file(tmp_path / "a.safetensors"), tmp_path / "b.safetensors"
    done = shell(streams, "convert", source, "-o", out, "--dtype", "keep", "--progress")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert out.read_bytes()[8:] == source.read_bytes()[8:]


@FULL
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_result_that_cannot_be_printed_is_said_to_be_saved(tmp_path, more):
    source, out = small_file(tmp_path / "a.safetensors"), tmp_path / "b.safetensors"
    done = shell("> /dev/full", "convert", source, "-o", out, *more)
    assert done.returncode == 1
    assert f"The result could not be printed; {out} was saved" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert out.exists()


@FULL
def test_a_progress_bar_that_cannot_be_drawn_stops_nothing(tmp_path):
    source, out = small_file(tmp_path / "a.safetensors"), tmp_path / "b.safetensors"
    done = shell("2> /dev/full", "convert", source, "-o", out, "--progress")
    assert (done.returncode, out.exists()) == (0, True)


@pytest.mark.parametrize("arguments", [("--version",), ("inspect",), ("inspect", "FILE")])
def test_an_interrupt_after_all_is_done_changes_nothing(tmp_path, arguments):
    source = str(small_file(tmp_path / "a.safetensors"))
    words = [source if word == "FILE" else word for word in arguments]
    code = (
        "import atexit, os, signal, sys\n"
        "import ckpt_studio.__main__ as program\n"
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)\n"
        f"sys.argv = ['ckpt-studio', *{words!r}]\n"
        "sys.exit(program.main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == (2 if arguments == ("inspect",) else 0)
    assert b"Interrupt" not in done.stderr


def test_an_early_interrupt_is_one_sentence(tmp_path):
    source = small_file(tmp_path / "a.safetensors")
    code = (
        "import sys, time\n"
        "import ckpt_studio.__main__ as program\n"
        "print('ready', flush=True)\n"
        f"sys.argv = ['ckpt-studio', 'inspect', {str(source)!r}]\n"
        "time.sleep(30)\n"
        "sys.exit(program.main())\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stdout.readline() == b"ready\n"
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=30) == (b"", b"ckpt-studio: Cancelled\n")
    assert running.returncode == 130
