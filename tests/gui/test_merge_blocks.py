"""Values for each block: dragged, moved with keys, typed, pasted, from presets and files."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMenu,
    QTableView,
)

from tests.gui.acting import choose, named
from tests.gui.lettering import require_letters_and_names
from tests.gui.merging import curve, planned, press, recipe, said, show, tiny, wait


@pytest.fixture
def blocks(qtbot, window, tmp_path):
    """A window with two tiny models and a value for each block: BASE, 3 IN, M, 3 OUT."""
    show(
        qtbot,
        window,
        tiny(tmp_path / "one.safetensors", 1.0),
        tiny(tmp_path / "two.safetensors", 2.0),
    )
    press(window, "mergeByBlockAlpha")
    assert weights(window) == (0.5,) * 8
    yield window
    wait(qtbot, window)


def weights(window):
    return recipe(window).blocks["alpha"]


def spot(window, index):
    return curve(window).point(index).toPoint()


def height(window, value):
    return round(curve(window).layout_now.point(0, value).y())


def test_a_point_is_dragged_and_one_undo_takes_it_back(qtbot, blocks):
    plot, start = curve(blocks), spot(blocks, 3)
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=start)
    for value in (0.6, 0.7, 0.8):
        QTest.mouseMove(plot, QPoint(start.x(), height(blocks, value)))
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton)
    assert weights(blocks) == (0.5, 0.5, 0.5, 0.8, 0.5, 0.5, 0.5, 0.5)
    plan = planned(qtbot, blocks)
    found = {dict(row.expr.parameters)["alpha"] for row in plan.tensors}
    assert found == {0.5, 0.8}
    blocks.actions_.undo.trigger()
    assert weights(blocks) == (0.5,) * 8


def test_a_click_alone_changes_nothing(blocks):
    QTest.mouseClick(curve(blocks), Qt.MouseButton.LeftButton, pos=spot(blocks, 2))
    assert weights(blocks) == (0.5,) * 8
    assert said(blocks, "mergeSelected") == "1 block selected"


def test_keys_choose_blocks_and_move_their_values(blocks):
    plot = curve(blocks)
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_End)
    QTest.keyClick(plot, Qt.Key.Key_Up)
    QTest.keyClick(plot, Qt.Key.Key_Left)
    QTest.keyClick(plot, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert weights(blocks)[-2:] == (0.49, 0.55)
    assert plot.accessibleDescription() == "OUT01: 0.49, block 7 of 8"
    QTest.keyClick(plot, Qt.Key.Key_Home)
    QTest.keyClick(plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(plot, Qt.Key.Key_PageUp)
    assert weights(blocks)[:3] == (0.75, 0.75, 0.5)
    for _ in range(9):
        QTest.keyClick(plot, Qt.Key.Key_PageUp)
    assert weights(blocks)[0] == 1.0  # not off the scale


def test_a_value_is_typed_after_a_double_click(blocks):
    QTest.mouseDClick(curve(blocks), Qt.MouseButton.LeftButton, pos=spot(blocks, 4))
    field = named(blocks, "blockValue")
    assert field.isVisible()
    QTest.keyClicks(field, "1.25")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert not field.isVisible()
    assert weights(blocks)[4] == 1.25
    assert curve(blocks).hasFocus()


def test_the_selected_blocks_are_set_added_to_and_multiplied(blocks):
    number = named(blocks, "mergeSelectedNumber")
    number.setValue(0.2)
    press(blocks, "mergeSet")
    assert weights(blocks) == (0.2,) * 8
    QTest.mouseClick(curve(blocks), Qt.MouseButton.LeftButton, pos=spot(blocks, 1))
    press(blocks, "mergeAdd")
    number.setValue(0.5)
    QTest.mouseClick(
        curve(blocks),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
        spot(blocks, 2),
    )
    press(blocks, "mergeMultiply")
    assert weights(blocks)[:4] == (0.2, 0.2, 0.1, 0.2)


def test_text_of_supermerger_is_pasted_and_copied(blocks):
    clipboard = QGuiApplication.clipboard()
    clipboard.setText("GRAD\t0,0.1,0.2,0.3,0.4,0.5,0.6,0.7")
    press(blocks, "mergePaste")
    assert weights(blocks) == (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
    clipboard.setText("1,1,1,0,0,0,0")  # without BASE, which takes the ratio
    press(blocks, "mergePaste")
    assert weights(blocks) == (0.5, 1, 1, 1, 0, 0, 0, 0)
    press(blocks, "mergeCopy")
    assert clipboard.text() == "0.5,1,1,1,0,0,0,0"


def test_text_that_does_not_fit_is_refused_in_place(blocks):
    QGuiApplication.clipboard().setText("1,2,3")
    press(blocks, "mergePaste")
    assert named(blocks, "mergeBlocksWrong").isVisible()
    assert "3 values; this model has 8 blocks" in said(blocks, "mergeBlocksWrong")
    assert weights(blocks) == (0.5,) * 8


def test_a_text_for_another_division_chooses_it(blocks):
    QGuiApplication.clipboard().setText("0,0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,1")
    press(blocks, "mergePaste")
    assert recipe(blocks).partition == "sliders_unet"
    assert weights(blocks)[2:5] == (0.1, 0.2, 0.3)


def test_another_division_begins_with_the_ratio(blocks):
    choose(blocks, "mergePartition", "Automatic, 9 blocks")
    assert weights(blocks) == (0.5,) * 9


def menu_of(window):
    menu = named(window, "mergePresetMenu", QMenu)
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions()}


def test_presets_of_the_program_and_of_a_file(qtbot, blocks, tmp_path, monkeypatch):
    menu_of(blocks)["GRAD_V"].trigger()
    assert weights(blocks)[0] == 0.5
    assert weights(blocks)[4] == 0
    assert weights(blocks)[1] == weights(blocks)[-1] == 1
    path = tmp_path / "mine.tsv"
    path.write_text("SOFT\t0.1,0.1,0.1,0.1,0.1,0.1,0.1\nLONG\t" + ",".join("0" * 30))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    menu_of(blocks)["&Import a file of presets…"].trigger()
    qtbot.waitUntil(lambda: "From your file" in menu_of(blocks))
    own = {each.text(): each for each in menu_of(blocks)["From your file"].menu().actions()}
    own["SOFT"].trigger()
    assert weights(blocks) == (0.5, *(0.1,) * 7)
    own = {each.text(): each for each in menu_of(blocks)["From your file"].menu().actions()}
    own["LONG"].trigger()
    assert "30 values" in said(blocks, "mergeBlocksWrong")


def test_the_table_shows_and_takes_the_same_values(blocks):
    press(blocks, "mergeTable")
    table = named(blocks, "mergeBlockTable", QTableView)
    assert table.isVisible()
    model = table.model()
    assert [model.index(row, 0).data() for row in (0, 1, 4, 7)] == ["BASE", "IN00", "M00", "OUT02"]
    assert model.setData(model.index(4, 1), "0,75")
    assert weights(blocks)[4] == 0.75
    assert model.index(4, 1).data() == "0.75"
    assert not model.setData(model.index(4, 1), "much")


def test_without_blocks_the_ratio_counts_again(qtbot, blocks):
    press(blocks, "mergeByBlockAlpha")
    assert recipe(blocks).blocks == {}
    assert not named(blocks, "mergeBlocks").isVisible()


def test_letters_and_names_with_everything_in_sight(blocks):
    press(blocks, "mergeMore")
    press(blocks, "mergeAddRule")
    menus = [each.text() for each in blocks.menuBar().actions()]
    require_letters_and_names(named(blocks, "mergePanel"), menus)


def test_tab_goes_down_the_panel(blocks):
    panel = named(blocks, "mergePanel")
    blocks.activateWindow()
    named(blocks, "mergeMethod").setFocus()
    seen = []
    while len(seen) < 60 and "mergeSaveButton" not in seen:
        seen.append(QApplication.focusWidget().objectName())
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    wanted = [
        *(
            "mergeMethod",
            "mergeFileA",
            "mergeFileB",
            "mergeByBlockAlpha",
            "mergePartition",
            "mergePresets",
            "blockCurve",
        ),
        *("mergeSelectedNumber", "mergeTextEncoders", "mergeVae", "mergePrecision"),
        *("mergeWriteRecipe", "mergeAddLora", "mergeMore", "mergeOutputPath", "mergeSaveButton"),
    ]
    assert [name for name in seen if name in wanted] == wanted
    assert panel.isVisible()
