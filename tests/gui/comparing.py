"""What a person does with the Compare panel, and an engine that compares as told."""

import threading

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel

from ckpt_studio.core.comparison.compared_table import Column
from ckpt_studio.core.comparison.differences import Difference, TensorDifference
from ckpt_studio.core.progress import Progress
from tests.gui.acting import drop, named

COMPARE = 3


def show(qtbot, window, *paths):
    """Show the panel with files on both sides."""
    window.show_panel(COMPARE)
    if paths:
        drop(window, *paths)
        qtbot.waitUntil(lambda: ready(window), timeout=10_000)
    return named(window, "comparePanel")


class Engine:
    """Compares rows as told: in A and B the VAE is the same, all else differs by a fifth."""

    def __init__(self):
        self.asked, self.pause_after, self.go = [], None, threading.Event()

    def __call__(self, comparison, rows, found, progress, cancel):
        self.asked.append(tuple(rows))
        for done, row in enumerate(rows):
            if done == self.pause_after:
                progress(Progress(done, len(rows), "", "Comparing"))
                while not (self.go.wait(0.01) or cancel.cancelled):
                    pass
            cancel.raise_if_cancelled()
            tensor = comparison.tensors[row]
            gap = Difference(1, 0, 1.0, 1.0, 0.04, 1.0, 0.1)
            same = tensor.part == "vae"
            found(row, TensorDifference(tensor, same, same, Difference(1) if same else gap))


def ready(window):
    return (
        not window.comparing.busy
        and not window.sources.busy
        and named(window, "compareTable").isVisible()
    )


def idle(window):
    """Whether no job runs and all that was found is shown."""
    comparing = window.comparing
    return not (window.jobs.queue.busy or comparing.busy or comparing.comparing_values)


def press(window, name):
    button = named(window, name, QAbstractButton)
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def said(window, name):
    return named(window, name, QLabel).text()


def column(window, column):
    model = named(window, "compareTable").model()
    place = list(Column).index(column)
    return [model.index(row, place).data() for row in range(model.rowCount())]


def picked(window):
    return [named(window, f"compareFile{letter}", QComboBox).currentText() for letter in "AB"]
