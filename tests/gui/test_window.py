import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QWidget,
)

from ckpt_studio.app.main_window import ASSEMBLE, METADATA, TENSORS
from ckpt_studio.app.settings import Settings
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.engine.target import SUFFIX
from ckpt_studio.qt import theme
from tests import models
from tests.gui.acting import drop, in_dialog, named, settled, wait_for_plan
from tests.gui.lettering import mnemonics

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
FIXED_NAMES = """
    assemblePanel sourceModel sourceTextEncoders sourceVae targetArchitecture precisionModel
    precisionTextEncoders precisionVae planView outputPath saveButton tensorsPanel tensorFilter
    tensorTable metadataPanel metadataTable metadataAdd metadataRemove metadataValue
    comparePanel compareTable jobsPanel
    problemBanner
"""


@pytest.fixture
def full(qtbot, window, parts):
    """A window with files in it and every panel visited."""
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    for panel in (1, 2, 3, 4, 0):
        window.show_panel(panel)
    return window


def test_the_names_that_scripts_rely_on_are_there(full):
    for name in FIXED_NAMES.split():
        named(full, name)


def test_everything_that_takes_the_focus_has_a_name_for_screen_readers(full):
    nameless = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in full.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.window() is full  # the lists of combo boxes are windows of Qt's own
        and not widget.isHidden()
        and not widget.objectName().startswith("qt_")
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert nameless == []


def test_everything_that_can_be_pressed_has_an_object_name(full):
    nameless = [
        (type(each).__name__, each.text(), each.parent().objectName())
        for each in full.findChildren(QAbstractButton)
        if not each.objectName() and not isinstance(each.parent(), QLineEdit)
    ]
    assert nameless == []


def test_mnemonics_are_unique_in_every_menu(full):
    full.actions_.recent.aboutToShow.emit()
    for menu in full.menuBar().findChildren(QMenu):
        letters = mnemonics(action.text() for action in menu.actions())
        assert len(letters) == len(set(letters)), menu.title()


@pytest.mark.parametrize("panel", range(6))
def test_mnemonics_are_unique_on_every_panel(full, panel):
    full.show_panel(panel)
    shown = [
        each.text()
        for each in (*full.findChildren(QAbstractButton), *full.findChildren(QLabel))
        if each.isVisible() and not (isinstance(each, QLabel) and each.buddy() is None)
    ]
    letters = mnemonics([*shown, *(action.text() for action in full.menuBar().actions())])
    assert len(letters) == len(set(letters)), sorted(letters)


def test_what_the_metadata_panel_does_can_be_found_in_a_menu(full, qtbot, monkeypatch, tmp_path):
    target = tmp_path / "out.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    document = full.session.new_checkpoint
    document.edit(SetValue("author", "me"))
    full.session.show_document(document)
    full.show_panel(ASSEMBLE)
    full.actions_.metadata["metadataExportJson"].trigger()
    assert full.panel == METADATA
    assert json.loads(target.read_text())["author"] == "me"
    full.actions_.metadata["metadataFindOpen"].trigger()
    assert named(full, "metadataFind").isVisible()
    full.actions_.metadata["metadataExportThumbnail"].trigger()
    assert "nothing here" in named(full, "metadataNotice").full_text


def test_a_busy_thread_lets_the_window_in_at_once(window):
    assert sys.getswitchinterval() < 0.001  # Python's own is five milliseconds


def test_shortcuts_are_not_given_twice(full):
    keys = [
        key.toString()
        for action in full.findChildren(QAction)
        for key in action.shortcuts()
        if action.parent() is full
    ]
    assert len(keys) == len(set(keys))
    assert {"Ctrl+O", "Ctrl+S", "Ctrl+Return", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+Q"} <= set(keys)


def test_panels_are_reached_by_keys(window):
    for key, name in (
        (Qt.Key.Key_2, "tensorsPanel"),
        (Qt.Key.Key_3, "metadataPanel"),
        (Qt.Key.Key_4, "comparePanel"),
        (Qt.Key.Key_5, "mergePanel"),
        (Qt.Key.Key_6, "jobsPanel"),
        (Qt.Key.Key_1, "assemblePanel"),
    ):
        QTest.keyClick(window, key, CONTROL)
        assert named(window, name).isVisible()


def test_f6_goes_round_the_panes(window):
    window.activateWindow()
    seen = []
    for _ in range(3):
        QTest.keyClick(window, Qt.Key.Key_F6)
        focus = QApplication.focusWidget()
        seen.append("rail" if named(window, "rail").isAncestorOf(focus) else "panel")
    assert set(seen) == {"rail", "panel"}


def test_tab_reaches_every_control_of_the_assemble_panel(qtbot, window, parts):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    wanted = {
        widget
        for widget in window.assemble.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and widget.isEnabled()
    }
    order, widget = [], named(window, "outputPath")
    widget.setFocus()
    for _ in range(80):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        order.append(QApplication.focusWidget())
    assert wanted <= set(order)
    rows = [order.index(named(window, name)) for name in ("precisionModel", "precisionVae")]
    assert rows[0] < rows[1]


def test_the_whole_choice_by_keyboard_alone(qtbot, window, parts, monkeypatch):
    monkeypatch.setattr(
        "ckpt_studio.app.sources.QFileDialog.getOpenFileNames",
        lambda *args, **kwargs: ([str(path) for path in parts], ""),
    )
    QTest.keyClick(window, Qt.Key.Key_O, CONTROL)
    wait_for_plan(qtbot, window)
    seen = []
    in_dialog("savePlan", lambda dialog: (seen.append(dialog), dialog.reject()))
    QTest.keyClick(window, Qt.Key.Key_Return, CONTROL)
    qtbot.waitUntil(lambda: bool(seen))


def test_files_can_be_pasted(qtbot, window, parts):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in parts])
    QGuiApplication.clipboard().setMimeData(data)
    QTest.keyClick(window, Qt.Key.Key_V, CONTROL | SHIFT)
    wait_for_plan(qtbot, window)
    assert window.session.recipe.vae == parts[2]


def test_a_file_dropped_on_the_tensors_panel_is_shown_and_no_source(qtbot, window, folder):
    window.show_panel(1)
    drop(window, folder / "clip_g.safetensors")
    qtbot.waitUntil(lambda: window.session.current.title == "clip_g.safetensors")
    assert window.session.empty
    assert named(window, "tensorTable").model().rowCount() == len(models.encoder("clip_g"))
    window.actions_.close_file.trigger()
    assert window.session.documents == ()


def test_a_first_start_leaves_room_for_the_title_bar_on_a_low_screen(window):
    available = window.screen().availableGeometry().height()
    assert window.height() <= available - 32
    window.resize(900, 500)
    window.actions_.reset_layout.trigger()
    assert window.height() <= available - 32


def test_the_window_remembers_its_size_panel_and_theme(qtbot, open_window):
    first = open_window()
    first.resize(770, 690)
    first.show_panel(4)
    first.actions_.themes[theme.Scheme.DARK].trigger()
    first.close()
    second = open_window()
    assert (second.width(), second.height(), second.panel) == (770, 690, 4)
    assert second.actions_.themes[theme.Scheme.DARK].isChecked()
    assert theme.current().name == "dark"
    second.actions_.themes[theme.Scheme.LIGHT].trigger()
    assert theme.current().name == "light"


def test_folders_are_remembered_for_each_purpose(qtbot, window, parts):
    drop(window, *parts)
    wait_for_plan(qtbot, window)
    settings = Settings()
    assert settings.source_folder == str(parts[0].parent)
    assert settings.output_folder == ""


def looked_at(qtbot, window, path):
    """Wait until a file is shown; the recipe does not take it."""
    qtbot.waitUntil(lambda: settled(window) and window.session.current.path == path)
    return window.session.empty


@pytest.mark.parametrize("panel", [TENSORS, METADATA])
def test_a_file_is_opened_where_the_panel_that_is_shown_wants_it(
    qtbot, window, parts, monkeypatch, panel
):
    window.show_panel(panel)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(parts[2])], ""))
    window.actions_.open.trigger()
    assert looked_at(qtbot, window, parts[2])
    assert window.panel == panel


@pytest.mark.parametrize("panel", [TENSORS, METADATA])
def test_a_recent_file_goes_where_the_panel_that_is_shown_wants_it(qtbot, window, parts, panel):
    window.show_panel(panel)
    window.settings.add_recent(parts[2])
    window.actions_.recent.aboutToShow.emit()
    window.actions_.recent.actions()[0].trigger()
    assert looked_at(qtbot, window, parts[2])
    assert window.panel == panel


def test_recent_files_that_are_gone_are_greyed(qtbot, window, folder, tmp_path):
    window.settings.add_recent(tmp_path / "gone.safetensors")
    drop(window, folder / "vae.safetensors")
    qtbot.waitUntil(lambda: settled(window) and not window.session.empty)
    menu = window.actions_.recent
    menu.aboutToShow.emit()
    shown = {Path(action.toolTip()).name: action.isEnabled() for action in menu.actions()[:2]}
    assert shown == {"vae.safetensors": True, "gone.safetensors": False}
    assert len(Settings().recent_files) == 2


def test_only_the_last_fifteen_files_are_remembered(own_settings):
    settings = Settings()
    for number in range(20):
        settings.add_recent(Path(f"/models/{number}"))
    assert settings.recent_files == tuple(Path(f"/models/{n}") for n in range(19, 4, -1))


def test_small_windows_keep_every_control_in_reach(qtbot, full):
    full.resize(1024, 640)
    save = named(full, "saveButton")
    qtbot.waitUntil(lambda: full.width() == 1024)
    corner = save.mapTo(full, save.rect().bottomRight())
    assert full.rect().contains(corner)
    assert named(full, "outputPath", QLineEdit).width() > 300


def test_system_information_can_be_copied(window):
    window.actions_.system_information.trigger()
    assert "Checkpoint Studio: " in QGuiApplication.clipboard().text()


def test_an_error_nobody_caught_is_shown_with_details_and_without_the_home_folder(window, capsys):
    error = ValueError(f"in {Path.home()}/secret")
    sys.excepthook(type(error), error, None)
    assert window.banner.isVisible()
    assert "ValueError" in window.banner.message.what
    assert str(Path.home()) + "/secret" not in window.banner.message.details
    assert "ValueError" in capsys.readouterr().err


def test_leftovers_of_a_killed_save_are_offered_and_removed_only_when_asked(
    qtbot, open_window, tmp_path
):
    left = tmp_path / f".new{SUFFIX}"
    left.write_bytes(b"half")
    os.utime(left, (time.time() - 7200,) * 2)
    Settings().output_folder = str(tmp_path)
    window = open_window()
    qtbot.waitUntil(window.banner.isVisible)
    assert left.exists()
    QTest.mouseClick(named(window, "problemAction"), Qt.MouseButton.LeftButton)
    assert not left.exists()
    assert not window.banner.isVisible()


def test_torch_is_not_loaded_by_opening_the_window():
    code = (
        "import sys; from ckpt_studio.app.application import create_window;"
        "create_window([]); print({'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
