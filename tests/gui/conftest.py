"""A window for each test, files of real shape to drop on it, and a look at what a test leaves."""

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QThread, QTimer

from ckpt_studio.app.application import create_window
from ckpt_studio.core.tensors import DTYPES
from tests import models
from tests.cli.files import sparse_file
from tests.making.with_qt import collect_after_module, collect_after_test, qtbot

__all__ = ["collect_after_module", "collect_after_test", "qtbot"]


@pytest.fixture(autouse=True)
def nothing_left_behind(collect_after_test, qapp, monkeypatch):
    """Fail a test that ends with a thread running or a timer ticking."""
    threads, timers = [], []
    start_thread, start_timer = QThread.start, QTimer.start

    def note_thread(thread, *args):
        threads.append(thread)
        start_thread(thread, *args)

    def note_timer(timer, *args):
        timers.append(timer)
        start_timer(timer, *args)

    monkeypatch.setattr(QThread, "start", note_thread)
    monkeypatch.setattr(QTimer, "start", note_timer)
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    running = [each for each in threads if shiboken6.isValid(each) and each.isRunning()]
    ticking = [each for each in timers if shiboken6.isValid(each) and each.isActive()]
    for thread in running:
        thread.wait(5000)
    assert not running, "threads still run"
    assert not ticking, "timers still tick"


@pytest.fixture(autouse=True)
def own_settings(tmp_path):
    """Keep the settings of each test apart from everybody's."""
    folder = tmp_path / "settings"
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    return folder


@pytest.fixture
def open_window(qtbot, nothing_left_behind, own_settings):
    """Open windows as the program does; at the end they are closed without questions."""
    windows = []

    def open_one(*argv):
        window = create_window([str(each) for each in argv])
        windows.append(window)
        window.show()
        qtbot.waitExposed(window)
        window.warming.stop()  # each test takes what it asks for; test_warming has the rest
        return window

    yield open_one
    for window in windows:
        if shiboken6.isValid(window):
            close_quietly(qtbot, window)


def close_quietly(qtbot, window):
    window.jobs.queue.cancel_all()
    qtbot.waitUntil(lambda: not window.jobs.queue.busy)
    window.sources.stop()
    window.session.stop()
    for document in (window.session.new_checkpoint, *window.session.documents):
        document.undo_stack.setClean()
    window.session.undo_stack.setClean()
    window.merging.choices.undo_stack.setClean()
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(open_window):
    return open_window()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Model files of real shape; their data is a hole in the file."""
    folder = tmp_path_factory.mktemp("models")
    sd15 = {
        "unet": models.unet("sd15"),
        "clip_l": models.encoder("clip_l"),
        "vae": models.vae("sd15"),
    }
    for name, table in sd15.items():
        write(folder / f"{name}.safetensors", table)
    write(folder / "clip_g.safetensors", models.encoder("clip_g"))
    write(folder / "small_vae.safetensors", models.vae("sd15", "F8_E4M3"))
    write(folder / "xl_unet.safetensors", models.unet("sdxl"))
    whole = {
        "model.diffusion_model.": models.unet("sd15"),
        "cond_stage_model.transformer.": models.encoder("clip_l"),
        "first_stage_model.": models.vae("sd15"),
    }
    table = {prefix + key: row for prefix, rows in whole.items() for key, row in rows.items()}
    write(folder / "whole.safetensors", table)
    (folder / "page.safetensors").write_text("<!DOCTYPE html><html></html>" * 20)
    return folder


def write(path, table):
    return sparse_file(path, {key: (DTYPES[label], shape) for key, (label, shape) in table.items()})


@pytest.fixture
def parts(folder):
    return tuple(folder / f"{name}.safetensors" for name in ("unet", "clip_l", "vae"))
