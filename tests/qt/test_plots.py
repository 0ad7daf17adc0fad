"""The plots, used with mouse and keys."""

import csv
import io
import math
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip

from ckpt_studio.core.statistics import HIGHEST, LOWEST, NO_COUNTS, Histogram, Values
from ckpt_studio.core.treemap import tiles
from ckpt_studio.qt.histogram import ValueHistogram
from ckpt_studio.qt.treemap import Treemap
from tests.core.test_treemap import row


@pytest.fixture
def treemap(qtbot):
    plot = Treemap()
    qtbot.addWidget(plot)
    plot.resize(600, 400)
    plot.set_root(tiles([row(f"t{n}", "unet", f"IN{n % 3:02}", 100 * (n + 1)) for n in range(12)]))
    plot.show()
    plot.setFocus()
    return plot


@pytest.fixture
def histogram(qtbot):
    plot = ValueHistogram()
    qtbot.addWidget(plot)
    plot.resize(600, 300)
    negative, positive = list(NO_COUNTS), list(NO_COUNTS)
    for exponent in range(-12, 3):
        negative[exponent - LOWEST], positive[exponent - LOWEST] = 10, 20 + exponent
    plot.set_values(Values(count=400, histogram=Histogram(tuple(negative), tuple(positive))))
    plot.show()
    plot.setFocus()
    return plot


def test_keys_go_into_the_treemap_and_out_again(treemap, qtbot):
    chosen = []
    treemap.row_chosen.connect(chosen.append)
    qtbot.keyClick(treemap, Qt.Key.Key_Return)
    assert treemap.shown.name == "UNet"
    qtbot.keyClick(treemap, Qt.Key.Key_Right)
    qtbot.keyClick(treemap, Qt.Key.Key_Return)
    assert treemap.shown.name == "IN01"
    assert "IN01" not in treemap.accessibleDescription()
    qtbot.keyClick(treemap, Qt.Key.Key_Return)
    assert [each.tensor.name for each in chosen] == ["t10"]
    qtbot.keyClick(treemap, Qt.Key.Key_Escape)
    assert treemap.shown.name == "UNet"
    assert treemap.current.name == "IN01"
    qtbot.keyClick(treemap, Qt.Key.Key_Escape)
    qtbot.keyClick(treemap, Qt.Key.Key_Escape)
    assert treemap.shown.name == ""


def test_a_foreign_name_is_drawn_and_told_with_nothing_hidden(qtbot):
    plots = []
    for name in ("bidi\u202eevil\nnext", "bidi⟨202E⟩evil↵next"):
        plot = Treemap()
        qtbot.addWidget(plot)
        plot.resize(600, 400)
        plot.set_root(tiles([row(name, "", "", 100)]))
        while plot.current.children:
            plot.zoom_in()
        plots.append(plot)
    foreign, plain = plots
    assert foreign.accessibleDescription().startswith("bidi⟨202E⟩evil↵next · ")
    assert foreign.picture() == plain.picture()
    spot = QPoint(300, 200)
    event = QHelpEvent(QEvent.Type.ToolTip, spot, foreign.mapToGlobal(spot))
    QApplication.sendEvent(foreign, event)
    assert QToolTip.text().startswith("bidi⟨202E⟩evil↵next · ")
    QToolTip.hideText()


def test_no_name_is_a_formula_of_a_spreadsheet(treemap):
    treemap.set_root(tiles([row("=cmd|calc", "", "", 100), row("plain", "", "", 50)]))
    while treemap.current.children:
        treemap.zoom_in()
    names = [line.split(",")[0] for line in treemap.csv_text().splitlines()]
    assert names == ["name", "'=cmd|calc", "plain"]


def test_a_click_goes_into_the_tile_below_it(treemap, qtbot):
    qtbot.mouseClick(treemap, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    assert treemap.shown.name == "UNet"


def test_an_empty_treemap_says_so(qtbot):
    plot = Treemap()
    qtbot.addWidget(plot)
    plot.set_root(tiles([]))
    plot.grab()
    assert plot.accessibleDescription() == "No tensors"
    qtbot.keyClick(plot, Qt.Key.Key_Return)


def test_the_histogram_zooms_and_moves(histogram, qtbot):
    whole = histogram.span
    qtbot.keyClick(histogram, Qt.Key.Key_Plus)
    closer = histogram.span
    assert closer[1] - closer[0] < whole[1] - whole[0]
    qtbot.keyClick(histogram, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert histogram.span == (closer[0] + 1, closer[1] + 1)
    qtbot.keyClick(histogram, Qt.Key.Key_0)
    assert histogram.span == whole


def test_the_wheel_zooms_only_a_plot_with_the_focus(histogram, qtbot):
    def turn():
        event = QWheelEvent(
            QPointF(300, 100),
            QPointF(300, 100),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(histogram, event)

    whole = histogram.span
    histogram.clearFocus()
    turn()
    assert histogram.span == whole
    histogram.setFocus()
    qtbot.waitUntil(histogram.hasFocus)
    turn()
    assert histogram.span != whole


def test_bars_are_told_one_after_the_other(histogram, qtbot):
    qtbot.keyClick(histogram, Qt.Key.Key_Right)
    first = histogram.accessibleDescription()
    for _ in range(3):
        qtbot.keyClick(histogram, Qt.Key.Key_Right)
    assert histogram.accessibleDescription() != first
    assert "positive" in histogram.accessibleDescription()


@pytest.mark.parametrize(
    ("exponent", "told", "limits"),
    [
        (HIGHEST, "2^40 and more: 7 positive", [2.0**40, math.inf]),
        (LOWEST, "below 2^-39: 7 positive", [0.0, 2.0**-39]),
    ],
)
def test_the_outer_bars_hold_what_is_beyond(histogram, qtbot, exponent, told, limits):
    positive = list(NO_COUNTS)
    positive[exponent - LOWEST] = 7
    histogram.set_values(Values())
    histogram.set_values(Values(count=7, histogram=Histogram(positive=tuple(positive))))
    assert histogram.accessibleDescription() == f"7 values, {told.partition(':')[0]}"
    for _ in range(4):
        qtbot.keyClick(histogram, Qt.Key.Key_Right if exponent > 0 else Qt.Key.Key_Left)
    assert histogram.accessibleDescription().startswith(told)
    rows = [row for row in csv.reader(io.StringIO(histogram.csv_text())) if row[3] == "7"]
    assert [float(limit) for limit in rows[0][:2]] == limits


def test_the_scale_can_be_logarithmic(histogram, qtbot):
    linear = histogram.picture()
    qtbot.keyClick(histogram, Qt.Key.Key_L)
    assert histogram.logarithmic
    assert histogram.picture() != linear


def test_the_histogram_names_its_colours(histogram):
    texts = [each.text for each in ElementTree.fromstring(histogram.svg()).iter() if each.text]
    said = " ".join(texts)
    assert "positive" in said
    assert "negative" in said


@pytest.mark.parametrize("name", ["treemap", "histogram"])
def test_a_plot_is_exported(name, request):
    plot = request.getfixturevalue(name)
    assert plot.picture().width() == 2 * plot.width()
    assert ElementTree.fromstring(plot.svg()).tag.endswith("svg")
    rows = list(csv.reader(io.StringIO(plot.csv_text())))
    assert len(rows) > 1
    assert len({len(each) for each in rows}) == 1
