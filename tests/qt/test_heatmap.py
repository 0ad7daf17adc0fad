"""The map of differences, used with mouse and keys, and the tables beside it."""

import csv
import io
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QScrollBar, QToolTip

from ckpt_studio.core.comparison.compared_table import COLUMNS, ComparedQuery, ComparedTable
from ckpt_studio.core.comparison.comparing import ComparedKey, compare
from ckpt_studio.core.comparison.difference_map import DifferenceMap, Metric
from ckpt_studio.core.comparison.differences import Difference, TensorDifference
from ckpt_studio.qt import theme
from ckpt_studio.qt.compared_keys_model import ComparedKeysModel
from ckpt_studio.qt.compared_model import ComparedModel
from ckpt_studio.qt.heatmap import HeatMap
from ckpt_studio.qt.heatmap_text import cell_text, told
from tests.core.test_compared_table import UNET, found, whole
from tests.models import opened, unet


@pytest.fixture
def table():
    less = {UNET + key: value for key, value in unet("sd15").items()}
    less.pop(f"{UNET}input_blocks.8.1.proj_in.weight")
    table = ComparedTable(compare(whole(), opened(less, "b")))
    table.take(found(table, unet=0.04))
    return table


@pytest.fixture
def plot(qtbot, table):
    plot = HeatMap()
    qtbot.addWidget(plot)
    plot.resize(900, 220)
    plot.set_map(table.map)
    plot.show()
    qtbot.waitExposed(plot)
    plot.setFocus()
    qtbot.waitUntil(plot.hasFocus)
    return plot


def turn(plot, steps, keys=Qt.KeyboardModifier.NoModifier):
    event = QWheelEvent(
        QPointF(300, 100),
        QPointF(300, 100),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(plot, event)


def test_arrows_go_from_the_largest_difference_to_its_neighbours(plot, qtbot):
    assert plot.accessibleDescription().startswith("26 blocks by 7 kinds of layers. The largest")
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    first = plot.cursor_place
    assert plot.accessibleDescription().startswith(f"UNet · {first[1] or 'outside blocks'} · ")
    qtbot.keyClick(plot, Qt.Key.Key_End)
    assert plot.cursor_place[1] == "OUT11"
    qtbot.keyClick(plot, Qt.Key.Key_Home)
    for _ in range(10):
        qtbot.keyClick(plot, Qt.Key.Key_Down)
    assert plot.cursor_place == ("unet", "", "proj")
    assert plot.accessibleDescription() == "UNet · outside blocks · proj: nothing"
    chosen = []
    plot.place_chosen.connect(chosen.append)
    qtbot.keyClick(plot, Qt.Key.Key_Return)  # nothing is there to be chosen
    qtbot.keyClick(plot, Qt.Key.Key_Up)
    qtbot.keyClick(plot, Qt.Key.Key_Space)
    assert chosen == [("unet", "", "embed")]
    qtbot.keyClick(plot, Qt.Key.Key_Space)
    assert chosen[1:] == [None]


def test_a_zoomed_map_scrolls_and_keeps_the_cursor_in_sight(plot, qtbot):
    bar = plot.findChild(QScrollBar)
    assert not bar.isVisible()
    for _ in range(6):
        qtbot.keyClick(plot, Qt.Key.Key_Plus)
    assert plot.zoom_factor > 3
    assert bar.isVisible()
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    qtbot.keyClick(plot, Qt.Key.Key_End)
    assert bar.value() == bar.maximum()
    qtbot.keyClick(plot, Qt.Key.Key_Home)
    assert bar.value() == 0
    turn(plot, -1)
    assert bar.value() > 0
    turn(plot, -20, Qt.KeyboardModifier.ControlModifier)
    assert plot.zoom_factor < 4
    qtbot.keyClick(plot, Qt.Key.Key_0)
    assert plot.zoom_factor == 1
    assert not bar.isVisible()


def test_a_tooltip_says_what_is_below_the_mouse(plot):
    spot = next(
        QPoint(x, y)
        for x in range(60, 900, 5)
        for y in range(30, 200, 5)
        if plot._spot(QPoint(x, y).toPointF())
    )
    QApplication.sendEvent(plot, QHelpEvent(QEvent.Type.ToolTip, spot, plot.mapToGlobal(spot)))
    assert "Relative L2 4.0 %" in QToolTip.text()
    QToolTip.hideText()


def test_cells_say_what_is_known_of_them(table):
    cells = table.map.cells
    place = ("unet", "IN08", "proj")
    assert told(place, cells[place], Metric.RELATIVE) == (
        "UNet · IN08 · proj: Relative L2 4.0 %, 3 tensors, 1 without a counterpart"
    )
    fresh = ComparedTable(table.comparison).map
    assert told(place, fresh.cells[place], Metric.RELATIVE).endswith(
        "3 tensors, 3 not compared, 1 without a counterpart"
    )
    texts = {0.0: "0", 1e-6: "<.01", 0.0002: "0.02", 0.032: "3.2", 0.12: "12", float("inf"): "∞"}
    assert {value: cell_text(value, Metric.RELATIVE) for value in texts} == texts
    assert cell_text(0.00123, Metric.LARGEST) == "0.001"


@pytest.mark.parametrize("scheme", [theme.Scheme.DARK, theme.Scheme.LIGHT])
def test_more_difference_is_more_contrast_in_both_themes(scheme):
    colors = theme.load(scheme.value)
    steps = [colors.heat_color(step / 20).lightnessF() for step in range(21)]
    rising = sorted(steps, reverse=not colors.dark)
    assert steps == rising
    assert abs(steps[-1] - steps[0]) > 0.5


def test_a_cell_with_a_nan_is_marked_and_told(plot, table, qtbot):
    fresh = ComparedTable(table.comparison)
    row = fresh.left()[7]
    shown = [
        (
            index,
            TensorDifference(fresh.rows[index], True, True, Difference(1, 0, 1.0, 1.0, 0.0, 1.0)),
        )
        for index in fresh.left()
    ]
    fresh.take(one for one in shown if one[0] != row)
    plot.set_map(fresh.map)
    before = plot.picture()
    gap = Difference(1, 1, 1.0, 1.0, 0.0, 1.0, invalid_b=1)
    fresh.take([(row, TensorDifference(fresh.rows[row], False, False, gap))])
    plot.set_map(fresh.map)
    assert plot.picture() != before
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.cursor_place == fresh.places[row]
    model = ComparedModel()
    model.show_table(fresh, ComparedQuery())
    assert "NaN/∞" in model.texts(model.shown_rows().index(row))
    assert "1 value of B is NaN or infinite" in plot.accessibleDescription()
    lines = csv.DictReader(io.StringIO(plot.csv_text()))
    assert sum(int(line["invalid"]) for line in lines) == 1


def test_the_map_can_be_coloured_by_other_numbers(plot):
    before = plot.picture()
    plot.set_metric(Metric.LARGEST)
    assert plot.picture() != before
    assert "Largest difference 0.5" in plot.accessibleDescription()


def test_the_map_is_exported(plot):
    assert plot.picture().width() == 2 * plot.width()
    assert ElementTree.fromstring(plot.svg()).tag.endswith("svg")
    rows = list(csv.DictReader(io.StringIO(plot.csv_text())))
    assert len(rows) == len(plot._map.cells)
    row = next(row for row in rows if (row["block"], row["kind"]) == ("IN08", "proj"))
    assert (row["tensors"], row["unlike"], row["compared"], row["same"]) == ("3", "1", "3", "0")
    assert float(row["relative"]) == pytest.approx(0.04)
    assert float(row["one_minus_cosine"]) == 0
    assert "cosine" not in row


def test_an_empty_map_says_so(qtbot):
    plot = HeatMap()
    qtbot.addWidget(plot)
    plot.set_map(DifferenceMap({}))
    plot.grab()
    assert plot.accessibleDescription() == "Nothing to show"
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Plus):
        qtbot.keyClick(plot, key)
    assert plot.cursor_place is None


def test_models_keep_the_rules_of_qt(table, qtmodeltester):
    model, keys = ComparedModel(), ComparedKeysModel()
    qtmodeltester.check(model)
    model.show_table(table, ComparedQuery("attn1"))
    qtmodeltester.check(model, force_py=True)
    model.sort(6, Qt.SortOrder.DescendingOrder)
    model.refresh()
    qtmodeltester.check(model, force_py=True)
    keys.show_keys([ComparedKey("k", "1", None), ComparedKey("same", "1", "1")])
    assert keys.rowCount() == 1
    qtmodeltester.check(keys, force_py=True)


def test_numbers_are_read_and_oddities_explained(table):
    model = ComparedModel()
    index = 0
    row = table.rows[index]
    odd = TensorDifference(row, False, False, Difference(4, 2, 0.0, 1.0, 1.0, 0.0, 1.0, 2, 1))
    table.results[index] = odd
    model.show_table(table, ComparedQuery())
    place = model.shown_rows().index(index)
    texts = dict(zip(COLUMNS, model.texts(place), strict=True))
    titles = dict(zip(COLUMNS, range(len(COLUMNS)), strict=True))
    column = next(each for each in COLUMNS if each.name == "RELATIVE")
    assert texts[column] == "∞"
    tip = model.index(place, titles[column]).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == (
        "2 values of A and 1 of B are NaN or infinite; the numbers are those of the others"
    )
    key_tip = model.index(place, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert key_tip.splitlines()[0] == f"A: {UNET}{row.name}"
