"""A curve over blocks by itself: what it draws, exports and says."""

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from ckpt_studio.qt.block_curve import BlockCurve
from ckpt_studio.qt.block_curve_layout import CurveLayout, Scale
from ckpt_studio.qt.block_values_model import BlockValuesModel

SDXL = ("BASE", *(f"IN{n:02}" for n in range(9)), "M00", *(f"OUT{n:02}" for n in range(9)))
FLUX = ("CLIP", "T5", "IN", *(f"D{n:02}" for n in range(19)), *(f"S{n:02}" for n in range(38)))


@pytest.fixture
def curve(qtbot):
    shown = BlockCurve()
    qtbot.addWidget(shown)
    shown.resize(900, 200)
    shown.set_blocks(SDXL, frozenset({0}), Scale())
    shown.set_values([index / 20 for index in range(20)])
    shown.show()
    qtbot.waitExposed(shown)
    return shown


def test_points_stand_where_their_values_are(curve):
    area = curve.layout_now.plot
    for index, value in enumerate(curve.values):
        point = curve.point(index)
        assert curve.layout_now.index_at(point.x()) == index
        assert curve.layout_now.value_at(point.y()) == pytest.approx(value, abs=0.001)
        assert area.contains(point)
    before = curve.grab().toImage()
    curve.set_values([1.0] * 20)
    assert curve.grab().toImage() != before


def test_a_wheel_is_fine_and_only_with_focus(qtbot, curve):
    def turn():
        wheel = QWheelEvent(
            QPointF(100, 100),
            QPointF(100, 100),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(curve, wheel)
        return wheel.isAccepted()

    assert not turn()
    curve.activateWindow()
    curve.setFocus()
    qtbot.waitUntil(curve.hasFocus)
    QTest.keyClick(curve, Qt.Key.Key_End)
    assert turn()
    assert curve.values[-1] == 0.96


def test_a_drag_is_one_stroke_and_the_next_one_another(curve):
    strokes = []
    curve.edited.connect(lambda _, stroke: strokes.append(stroke))
    for index in (3, 5):
        start = curve.point(index).toPoint()
        QTest.mousePress(curve, Qt.MouseButton.LeftButton, pos=start)
        for height in (40, 60, 80):
            QTest.mouseMove(curve, QPoint(start.x(), height))
        QTest.mouseRelease(curve, Qt.MouseButton.LeftButton)
    assert len(strokes) == 6
    assert len(set(strokes[:3])) == len(set(strokes[3:])) == 1
    assert strokes[0] != strokes[3]


def test_selected_points_keep_their_distance_when_one_is_dragged(curve):
    curve.setFocus()
    QTest.keyClick(curve, Qt.Key.Key_Home)
    for _ in range(2):
        QTest.keyClick(curve, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    start = curve.point(1).toPoint()
    target = QPoint(start.x(), round(curve.layout_now.point(0, 0.5).y()))
    QTest.mousePress(curve, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(curve, target)
    QTest.mouseRelease(curve, Qt.MouseButton.LeftButton)
    assert curve.values[:4] == (0.45, 0.5, 0.55, 0.15)


def test_a_field_that_is_left_changes_nothing(curve):
    QTest.mouseDClick(curve, Qt.MouseButton.LeftButton, pos=curve.point(2).toPoint())
    (field,) = curve.findChildren(object, "blockValue")
    QTest.keyClicks(field, "9")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not field.isVisible()
    assert curve.values[2] == 0.1


def test_what_goes_out_of_the_program(curve):
    assert curve.csv_text().splitlines()[:3] == ["block,value", "BASE,0.0", "IN00,0.05"]
    assert b"<svg" in curve.svg()
    assert curve.picture().width() == 2 * curve.width()


@pytest.mark.parametrize("width", [300, 700, 1500])
@pytest.mark.parametrize("blocks", [SDXL, FLUX])
def test_names_never_run_into_each_other(qapp, blocks, width):
    metrics = QFontMetrics(qapp.font())
    layout = CurveLayout(blocks, Scale(), QRectF(0, 0, width, 200), metrics)
    for line in (list(layout.names()), list(layout.titles())):
        for (before, _), (after, _) in pairwise(line):
            assert before.right() <= after.left() + 3
    assert list(layout.names())


def test_an_empty_curve_draws_nothing_and_takes_no_keys(qtbot):
    empty = BlockCurve()
    qtbot.addWidget(empty)
    empty.show()
    QTest.keyClick(empty, Qt.Key.Key_Up)
    QTest.mouseClick(empty, Qt.MouseButton.LeftButton)
    assert empty.values == ()
    assert empty.accessibleDescription() == "There are no blocks yet."


def test_the_table_is_a_sound_model(qtmodeltester):
    model = BlockValuesModel()
    model.show_values(SDXL, [0.5] * 20)
    qtmodeltester.check(model)
    model.show_values(SDXL[:3], [0, 1, 2])
    qtmodeltester.check(model)
    assert not model.setData(model.index(0, 0), 1)
    assert not model.setData(model.index(0, 1), "inf")
