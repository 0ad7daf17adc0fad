"""The map of sizes on the Tensors panel: zoom, colours, and back to the table."""

import time

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.tensors import TensorsPanel
from ckpt_studio.core.query import Row
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.core.treemap import MOST, tiles
from tests.gui.acting import named
from tests.gui.looking import press
from tests.gui.opened import NAMES, opened_file


@pytest.fixture
def panel(qtbot):
    panel = TensorsPanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 600)
    panel.show_document(Document("model", opened_file()))
    panel.show()
    qtbot.waitExposed(panel)
    press(panel, "tensorMapMode")
    panel.map.plot.setFocus()
    return panel


def keys_down(panel, *keys):
    for key in keys:
        QTest.keyClick(panel.map.plot, key)


def test_zooming_selects_and_names_the_way(panel, qtbot):
    assert panel.selected_rows() == []
    keys_down(panel, Qt.Key.Key_Return)
    assert panel.map.plot.shown.name == "VAE"
    keys_down(panel, Qt.Key.Key_Escape, Qt.Key.Key_Right, Qt.Key.Key_Return)
    assert panel.map.plot.shown.name == "UNet"
    keys_down(panel, Qt.Key.Key_Return)
    assert named(panel, "mapHere").full_text == "IN02"
    assert {row.tensor.name for row in panel.selected_rows()} == {NAMES[1], NAMES[2]}
    assert named(panel, "tensorSelection").full_text.startswith("2 selected")
    qtbot.waitUntil(named(panel, "mapCrumb0").isVisible)
    press(panel, "mapCrumb0")
    assert panel.map.plot.shown.name == ""
    assert panel.window().focusWidget() is panel.map.plot


def test_enter_on_a_tensor_selects_its_row_in_the_table(panel):
    keys_down(panel, *[Qt.Key.Key_Return] * 3)
    assert panel.table.isVisible()
    assert [row.tensor.name for row in panel.selected_rows()] == [NAMES[3]]


def test_the_filter_counts_for_the_map_and_the_zoom_stays(panel):
    keys_down(panel, Qt.Key.Key_Right, Qt.Key.Key_Return)
    QTest.keyClicks(panel.filters.field, "to_q")
    assert panel.map.plot.shown.name == "UNet"
    assert len(panel.selected_rows()) == 2
    QTest.keyClicks(panel.filters.field, "-nothing")
    assert panel.map.plot.accessibleDescription() == "No tensors"


def test_colours_mean_types_or_sizes(panel):
    legend = named(panel, "treemapLegend")
    assert legend.accessibleName() == "Colours: F32, F16"
    before = panel.map.plot.picture()
    press(panel, "mapColorSize")
    assert legend.accessibleName() == "Colours: Small to large"
    assert panel.map.plot.picture() != before
    press(panel, "mapColorType")
    keys_down(panel, Qt.Key.Key_Return)
    assert legend.accessibleName() == "Colours: F32"


def test_many_tensors_of_a_block_are_drawn_in_steps():
    rows = [
        Row(TensorInfo(f"t{n}", DType.F16, (n + 1,), 0, 2 * n + 2), "unet", "IN00")
        for n in range(3 * MOST)
    ]
    block = tiles(rows).children[0].children[0]
    assert len(block.children) == MOST
    rest = next(tile for tile in block.children if tile.children)
    assert rest.name == f"{2 * MOST + 1} more"
    assert sum(tile.size for tile in block.children) == block.size
    everything = {row.tensor.name for tile in block.children for row in tile.rows}
    assert len(everything) == len(rows)


def test_twenty_thousand_tensors_stay_quick(qtbot):
    names = tuple(
        f"model.diffusion_model.input_blocks.{n % 12}.layers.{n}.weight" for n in range(20_000)
    )
    panel = TensorsPanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 600)
    panel.show_document(Document("model", opened_file(names)))
    panel.show()
    qtbot.waitUntil(lambda: panel.table.model().rowCount() == len(names))
    press(panel, "tensorMapMode")
    took = []
    for word in ("9", "99", "999", ""):
        start = time.thread_time()
        panel.filters.field.setText(word)
        took.append(time.thread_time() - start)
    assert min(took) < 0.03
    assert max(took) < 0.2, "rows are looked at more than once or twice"
    assert panel.findChild(QLabel, "tensorCount").text() == "20,000 of 20,000"


def centre(plot, tile):
    spots = [
        (x, y)
        for x in range(2, plot.width(), 4)
        for y in range(2, plot.height(), 4)
        if plot.tile_at(QPointF(x, y)) is tile
    ]
    return [sum(axis) / len(spots) for axis in zip(*spots, strict=True)]


def test_arrows_go_to_the_tile_that_lies_there(panel, qtbot):
    names = tuple(f"model.diffusion_model.input_blocks.2.{n}.weight" for n in range(9))
    panel.show_document(Document("nine", opened_file(names)))
    keys_down(panel, *[Qt.Key.Key_Return] * 2)
    plot = panel.map.plot
    assert len(plot.shown.children) == 9
    for key, axis, sign in (
        (Qt.Key.Key_Right, 0, 1),
        (Qt.Key.Key_Down, 1, 1),
        (Qt.Key.Key_Left, 0, -1),
        (Qt.Key.Key_Up, 1, -1),
    ):
        before = centre(plot, plot.current)
        keys_down(panel, key)
        moved = [now - was for now, was in zip(centre(plot, plot.current), before, strict=True)]
        assert moved[axis] * sign > 20
        assert abs(moved[1 - axis]) < abs(moved[axis])
