"""Ctrl-C in the terminal that the window was started from."""

import os
import subprocess
import sys

import pytest

WINDOW = """
import os, signal, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ckpt_studio.__main__ import main
from ckpt_studio.app import application
from ckpt_studio.core.metadata import SetValue

EDITED = len(sys.argv) > 2

def act():
    window = QApplication.activeWindow()
    if window is None or not window.session.documents:
        wait.start()
        return
    for document in window.session.documents if EDITED else ():
        document.edit(SetValue("title", "Mine"))
    os.kill(os.getpid(), signal.SIGINT)

def look():
    dialog = QApplication.activeModalWidget()
    if dialog is not None:
        print("asked:", dialog.objectName(), flush=True)
        os.kill(os.getpid(), signal.SIGINT)

application.application()
wait, watch = QTimer(), QTimer()
wait.setSingleShot(True)
wait.timeout.connect(act)
watch.timeout.connect(look)
wait.start(50)
watch.start(50)
sys.exit(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="sends a signal to the process")
def test_the_window_closes_and_a_question_is_asked_once(tmp_path, folder):
    home = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}

    def run(*more):
        command = [sys.executable, "-c", WINDOW, str(folder / "vae.safetensors"), *more]
        return subprocess.run(
            command, capture_output=True, text=True, env=os.environ | home, check=False, timeout=60
        )

    plain = run()
    assert (plain.returncode, plain.stdout) == (130, ""), plain.stderr
    assert "Traceback" not in plain.stderr
    edited = run("--edited")
    assert (edited.returncode, edited.stdout) == (130, "asked: closeQuestion\n"), edited.stderr
