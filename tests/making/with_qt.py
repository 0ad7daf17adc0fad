"""What tests with Qt need: patience on a busy machine, and garbage collected between them alone."""

import gc
from functools import partialmethod

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

_PATIENCE_MS = 30_000


class PatientQtBot(QtBot):
    """Waits as long as a busy machine may take; what is there is taken at once."""

    waitUntil = partialmethod(QtBot.waitUntil, timeout=_PATIENCE_MS)  # noqa: N815 - Qt's spelling
    waitSignal = partialmethod(QtBot.waitSignal, timeout=_PATIENCE_MS)  # noqa: N815
    waitSignals = partialmethod(QtBot.waitSignals, timeout=_PATIENCE_MS)  # noqa: N815
    waitExposed = partialmethod(QtBot.waitExposed, timeout=_PATIENCE_MS)  # noqa: N815


@pytest.fixture
def qtbot(qapp, request):
    """The window's user, patient."""
    return PatientQtBot(request)


@pytest.fixture(autouse=True, scope="module")
def collect_after_module():
    """Switch automatic collection off, as the window does, and leave nothing to those without Qt.

    A QObject that is collected within the destructor of another one waits for its lock for ever.
    """
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def collect_after_test(collect_after_module):
    """Let go of the keys, and collect what a test leaves, after all that belongs to it is gone."""
    yield
    if QApplication.instance() is not None:
        QTest.keyRelease(QWidget(), Qt.Key.Key_Control)  # Qt remembers what a shortcut held down
    gc.unfreeze()
    gc.collect(1)
