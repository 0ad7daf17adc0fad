"""The window with little room: nothing that can be pressed is cut."""

import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDockWidget, QWidget

from tests.gui.acting import drop, named, settled, wait_for_plan
from tests.gui.merging import press, show, small_lora, wait


def cut(window):
    """Name the controls of the panel on screen that lie outside of it, or are too narrow.

    A list may show its choice in part: it has a tooltip and opens.
    """
    panel = window._stack.currentWidget()
    return [
        control.objectName()
        for control in panel.findChildren(QWidget)
        if isinstance(control, QAbstractButton | QComboBox)
        and control.isVisible()
        and (
            control.mapTo(panel, control.rect().topRight()).x() > panel.width()
            or control.width() < least(control)
        )
    ]


def least(control):
    wanted = 60 if isinstance(control, QComboBox) else control.minimumSizeHint().width()
    return min(wanted, control.maximumWidth())


@pytest.mark.parametrize("width", [1000, 1099])
def test_no_control_is_cut_beside_the_details(qtbot, window, folder, width):
    drop(window, folder / "whole.safetensors", folder / "small_vae.safetensors")
    wait_for_plan(qtbot, window)
    window.findChild(QDockWidget, "detailsDock").show()
    window.session.show_document(window.session.documents[0])
    window.resize(width, 700)
    for panel in range(5):
        window.show_panel(panel)
        qtbot.waitUntil(lambda: settled(window) and not window.comparing.busy)
        qtbot.waitUntil(lambda: window.width() == width)
        qtbot.waitUntil(lambda: cut(window) == [], timeout=10_000)
    view = named(window, "tensorTable")
    assert view.columnWidth(0) > 150


def test_no_control_of_a_merge_is_cut_beside_the_details(qtbot, window, folder, tmp_path):
    show(qtbot, window, folder / "unet.safetensors", small_lora(tmp_path / "style.safetensors"))
    press(window, "mergeLoraByBlock0")
    press(window, "mergeMore")
    press(window, "mergeAddRule")
    window.findChild(QDockWidget, "detailsDock").show()
    window.resize(1000, 700)
    qtbot.waitUntil(lambda: window.width() == 1000)
    qtbot.waitUntil(lambda: cut(window) == [], timeout=10_000)
    wait(qtbot, window)
