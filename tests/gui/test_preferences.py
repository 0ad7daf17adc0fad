"""The preferences: every change counts at once and is there at the next start."""

import shutil

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QListView,
    QPushButton,
    QRadioButton,
    QTabWidget,
)

from ckpt_studio.app.folder_rows import FolderRole, counted, title, trouble
from ckpt_studio.app.settings import LAST_FOLDER, Settings
from ckpt_studio.qt.combo_box import ComboBox
from tests.gui.acting import choose, drop, named


@pytest.fixture
def preferences(qtbot, window):
    qtbot.waitUntil(window.isActiveWindow)
    QTest.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(window.preferences.isVisible)
    return window.preferences


@pytest.fixture
def comfyui(tmp_path):
    root = tmp_path / "ComfyUI"
    for name in ("checkpoints/a.safetensors", "vae/b.safetensors", "loras/c.safetensors"):
        path = root / "models" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    (root / "folder_paths.py").touch()
    return root


def rows(preferences):
    """What each row says: name, models, trouble."""
    model = named(preferences, "modelFolders", QListView).model()
    folders = [model.index(row).data(FolderRole) for row in range(model.rowCount())]
    return [(title(each), counted(each), trouble(each)) for each in folders]


def settled(qtbot, window):
    qtbot.waitUntil(lambda: not window.folders.busy)


def press(preferences, name):
    QTest.mouseClick(named(preferences, name, QPushButton), Qt.MouseButton.LeftButton)


def test_a_folder_is_added_by_dialog_listed_kept_and_removed(
    qtbot, window, preferences, comfyui, monkeypatch
):
    assert not named(preferences, "removeFolder").isEnabled()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(comfyui))
    press(preferences, "addFolder")
    settled(qtbot, window)
    assert rows(preferences) == [("ComfyUI", "3 models", "")]
    assert Settings().model_folders == (comfyui,)
    assert not named(preferences, "removeFolder").isEnabled()
    listed = named(preferences, "modelFolders", QListView)
    first = listed.visualRect(listed.model().index(0)).center()
    QTest.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=first)
    press(preferences, "removeFolder")
    assert rows(preferences) == []
    assert Settings().model_folders == ()
    assert window.folders.models == ()


def test_folders_can_be_dropped_and_removed_by_key(qtbot, window, preferences, comfyui, tmp_path):
    drop(named(preferences, "foldersPage"), comfyui, comfyui / "models" / "vae")
    settled(qtbot, window)
    assert [name for name, _, _ in rows(preferences)] == ["ComfyUI", "vae"]
    listed = named(preferences, "modelFolders", QListView)
    listed.setFocus()
    QTest.keyClick(listed, Qt.Key.Key_End)
    QTest.keyClick(listed, Qt.Key.Key_Delete)
    assert [name for name, _, _ in rows(preferences)] == ["ComfyUI"]


def test_the_list_of_comfyui_is_read_and_what_is_missing_is_counted(
    qtbot, window, preferences, comfyui, monkeypatch
):
    path = comfyui.parent / "extra_model_paths.yaml"
    path.write_text("mine:\n  base_path: ComfyUI/models\n  vae: vae\n  loras: |\n    x\n    y\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    press(preferences, "readList")
    settled(qtbot, window)
    (row,) = rows(preferences)
    assert row == (
        "ComfyUI, extra_model_paths.yaml",
        "1 model",
        "2 folders of the list are missing",
    )


def test_the_list_beside_a_comfyui_comes_with_it_once(qtbot, window, preferences, comfyui):
    (comfyui / "extra_model_paths.yaml").write_text("a:\n  vae: models/vae\n")
    window.folders.add((comfyui,))
    settled(qtbot, window)
    assert len(rows(preferences)) == 2
    window.folders.remove(comfyui / "extra_model_paths.yaml")
    press(preferences, "refreshFolders")
    settled(qtbot, window)
    assert len(rows(preferences)) == 1


def test_a_broken_list_is_told_with_its_line(qtbot, window, preferences, tmp_path):
    path = tmp_path / "extra_model_paths.yaml"
    path.write_text("a:\n  vae: x\n b: y\n")
    window.folders.add((path,))
    settled(qtbot, window)
    (row,) = rows(preferences)
    assert "in line 3" in row[2]
    tip = named(preferences, "modelFolders", QListView).model().index(0)
    assert "Correct the file" in tip.data(Qt.ItemDataRole.ToolTipRole)


def test_a_folder_that_is_gone_stays_in_the_list_and_comes_back_by_refresh(
    qtbot, open_window, comfyui, tmp_path
):
    Settings().model_folders = (comfyui,)
    hidden = shutil.move(comfyui, tmp_path / "elsewhere")
    window = open_window()
    window.actions_.preferences.trigger()
    settled(qtbot, window)
    assert rows(window.preferences) == [("ComfyUI", "", "ComfyUI is not there")]
    shutil.move(hidden, comfyui)
    press(window.preferences, "refreshFolders")
    settled(qtbot, window)
    assert rows(window.preferences) == [("ComfyUI", "3 models", "")]


def test_where_new_models_go_is_chosen(qtbot, window, preferences, comfyui):
    window.folders.add((comfyui,))
    settled(qtbot, window)
    box = named(preferences, "saveToFolder", ComboBox)
    assert box.currentText() == "The first that has a folder for it"
    choose(preferences, "saveToFolder", "The folder that was used last")
    assert Settings().save_to == LAST_FOLDER
    assert window.folders.proposed_folder("checkpoint") is None
    choose(preferences, "saveToFolder", f"ComfyUI  ({comfyui})")
    assert window.folders.proposed_folder("checkpoint") == comfyui / "models" / "checkpoints"
    window.folders.remove(comfyui)
    assert Settings().save_to == ""


def test_the_theme_follows_the_menu_and_the_menu_follows_it(window, preferences):
    preferences.findChild(QTabWidget).setCurrentIndex(1)
    dark = named(preferences, "themeDark", QRadioButton)
    QTest.mouseClick(dark, Qt.MouseButton.LeftButton, pos=QPoint(8, dark.height() // 2))
    assert Settings().theme == "dark"
    light = named(preferences, "themeLight", QRadioButton)
    next(action for scheme, action in window.actions_.themes.items() if scheme == "light").trigger()
    assert light.isChecked()
    assert not dark.isChecked()


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("preferVerify", "verify"),
        ("preferHashes", "hashes"),
        ("preferSkipPlan", "skip_usual_plan"),
    ],
)
def test_what_is_ticked_for_saving_is_kept(preferences, name, setting):
    preferences.findChild(QTabWidget).setCurrentIndex(2)
    before = getattr(Settings(), setting)
    named(preferences, name, QCheckBox).click()
    assert getattr(Settings(), setting) is not before


def test_the_popup_of_a_slot_leads_to_the_folders(qtbot, window, preferences):
    preferences.findChild(QTabWidget).setCurrentIndex(2)
    preferences.close()
    window.raise_()
    window.assemble.choices_requested.emit("vae", named(window, "sourceMenuVae"))
    press(window, "sourceFolders")
    assert preferences.isVisible()
    assert preferences.findChild(QTabWidget).currentIndex() == 0


def test_every_control_has_a_name_for_scripts_and_for_screen_readers(preferences):
    kinds = (QPushButton, QCheckBox, QRadioButton, ComboBox, QListView)
    controls = [each for kind in kinds for each in preferences.findChildren(kind)]
    own = [each for each in controls if not each.objectName().startswith("qt_")]
    assert len(own) >= 12
    for control in own:
        if control.parent() is not None and not isinstance(control.parent().parent(), ComboBox):
            assert control.objectName(), control
            said = control.accessibleName() or getattr(control, "text", str)()
            assert said, control.objectName()
