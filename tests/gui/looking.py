"""A window over a file with everything wrong, whose verbs run in this process."""

import math
from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from safetensors.numpy import save_file

from ckpt_studio.engine.health import check_health
from ckpt_studio.engine.statistics import take_statistics
from tests.gui.acting import named

BIG = np.linspace(-1, 1, 90_000, dtype=np.float32).reshape(300, 300)


def sick(path):
    """A file of no known family that lacks nothing a check could find."""
    save_file(
        {
            "te.position_ids": np.array([[0.0, 1.0, 1.0]], np.float32),
            "layer.weight": BIG,
            "same.weight": BIG.copy(),
            "huge.weight": np.array([[1e6, 1.0]], np.float32),
            "bad.weight": np.array([[math.nan, 1.0, math.inf]], np.float32),
            "zero.weight": np.zeros((4, 4), np.float16),
            "betas": np.linspace(0, 1, 1000, dtype=np.float32),
        },
        path,
        {"sshs_model_hash": "00" * 32},
    )
    return path


def take(checkpoint, names, found, progress, cancel):
    take_statistics(checkpoint, names, found=found, progress=progress, cancel=cancel)


def check(opened, statistics, progress, cancel):
    return check_health(opened, statistics=statistics, progress=progress, cancel=cancel)


def look_at(qtbot, window, path, **verbs):
    """Open a file on the Tensors panel; ``verbs`` stand in for those of the window."""
    own = {"statistics": take, "check": check, **verbs}
    window.session.verbs = replace(window.session.verbs, **own)
    window.sources.look_at((path,))
    qtbot.waitUntil(lambda: window.session.current.path == path)
    panel = named(window, "tensorsPanel")
    qtbot.waitUntil(lambda: panel.table.model().rowCount() > 0)
    return panel


def press(panel, name):
    """Click a control that can be seen and used."""
    control = named(panel, name)
    assert control.isVisible()
    assert control.isEnabled()
    QTest.mouseClick(control, Qt.MouseButton.LeftButton)


def keys(panel):
    model = panel.table.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def select(panel, *names):
    shown = keys(panel)
    panel.table.clearSelection()
    panel.table.select_rows(panel.table.tensors.row_at(shown.index(name)) for name in names)
