"""The Tensors panel, used as a person uses it."""

import csv
import io
import json
import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLabel, QMenu, QToolButton

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.tensors import TensorsPanel
from ckpt_studio.core.query import Column, Query, Table
from ckpt_studio.qt.tensor_model import TensorModel
from ckpt_studio.qt.tensor_tree import TensorTreeModel
from tests.gui.opened import NAMES, opened_file


@pytest.fixture
def panel(qtbot):
    panel = TensorsPanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 600)
    panel.show_document(Document("model", opened_file()))
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def keys(panel):
    model = panel.table.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def said(panel, name):
    return panel.findChild(QLabel, name).text()


def test_models_keep_the_rules_of_qt(qtmodeltester):
    table = Table.of(opened_file())
    flat, tree = TensorModel(), TensorTreeModel()
    qtmodeltester.check(flat)
    flat.show_table(table, Query("attn"))
    qtmodeltester.check(flat, force_py=True)
    tree.show_rows(table.rows)
    qtmodeltester.check(tree, force_py=True)


def test_all_columns_of_a_tensor_are_shown(panel):
    model = panel.table.model()
    assert [
        model.headerData(place, Qt.Orientation.Horizontal) for place in range(model.columnCount())
    ] == [column.value for column in Column]
    row = keys(panel).index(NAMES[1])
    assert [model.index(row, place).data() for place in range(1, 8)] == [
        "UNet",
        "IN02",
        "F16",
        "640 × 640",
        "409,600",
        "800 KiB",
        f"{4096 + 819200:,}",
    ]
    assert model.index(row, 7).data(Qt.ItemDataRole.ToolTipRole) == f"0x{4096 + 819200:X}"


def test_keys_start_in_natural_order(panel):
    order = keys(panel)
    assert order.index(NAMES[1]) < order.index(NAMES[0])


def test_typing_words_narrows_the_table(panel, qtbot):
    qtbot.keyClicks(panel.filters.field, "ATTN1 weight")
    assert keys(panel) == [NAMES[1], NAMES[0]]
    assert said(panel, "tensorCount") == "2 of 6"
    qtbot.keyClick(panel.filters.field, Qt.Key.Key_Escape)
    assert len(keys(panel)) == 6


def test_a_wrong_pattern_is_explained_below_the_field(panel, qtbot):
    qtbot.mouseClick(panel.findChild(QToolButton, "tensorFilterRegex"), Qt.MouseButton.LeftButton)
    qtbot.keyClicks(panel.filters.field, r"to_[qk")
    message = panel.findChild(QLabel, "tensorFilterMessage")
    assert message.isVisible()
    assert "Unterminated" in message.text()
    qtbot.keyClicks(panel.filters.field, "]")
    assert not message.isVisible()
    assert len(keys(panel)) == 3


def test_part_and_type_and_size_narrow(panel, qtbot):
    part = panel.findChild(QComboBox, "tensorFilterPart")
    assert [part.itemText(place) for place in range(part.count())] == [
        "All parts",
        "UNet",
        "VAE",
        "Other",
    ]
    qtbot.keyClicks(part, "VAE")
    assert len(keys(panel)) == 2
    size = panel.findChild(QComboBox, "tensorFilterSize")
    while size.currentText() != "1 to 16 MiB":
        qtbot.keyClick(size, Qt.Key.Key_Down)
    assert keys(panel) == ["first_stage_model.decoder.conv_in.weight"]
    qtbot.mouseClick(panel.findChild(QToolButton, "tensorFilterReset"), Qt.MouseButton.LeftButton)
    assert len(keys(panel)) == 6
    qtbot.keyClicks(panel.findChild(QComboBox, "tensorFilterType"), "F32")
    assert said(panel, "tensorCount") == "2 of 6"


def test_a_click_on_a_header_sorts(panel, qtbot):
    header = panel.table.horizontalHeader()
    where = QPoint(header.sectionViewportPosition(7) + 30, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert keys(panel) == list(NAMES)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert keys(panel) == list(NAMES)[::-1]


def test_the_selection_is_summed_up_and_copied(panel, qtbot):
    panel.table.setFocus()
    qtbot.keyClicks(panel.filters.field, "weight")
    qtbot.keyClick(panel.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert panel.findChild(QLabel, "tensorSelection").full_text == (
        "3 selected · 3.12 MiB · 1,228,800 parameters · F32, F16"
    )
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[0] == "Key"
    assert [line.split("\t")[0] for line in lines[1:]] == keys(panel)


def test_the_selection_survives_a_filter(panel, qtbot):
    panel.table.selectRow(keys(panel).index(NAMES[0]))
    qtbot.keyClicks(panel.filters.field, "to_q")
    assert [row.tensor.name for row in panel.selected_rows()] == [NAMES[0]]


def test_the_totals_of_the_file_are_shown(panel):
    assert panel.findChild(QLabel, "tensorTotals").full_text.startswith("6 tensors · 3.13 MiB · ")


def menu_actions(panel, qtbot):
    panel.table.customContextMenuRequested.emit(QPoint(5, 5))
    menu = next(menu for menu in panel.findChildren(QMenu) if menu.isVisible())
    return menu, {action.objectName(): action for action in menu.actions()}


def test_the_menu_copies_keys_and_narrows_to_a_block(panel, qtbot):
    panel.table.selectRow(keys(panel).index(NAMES[2]))
    menu, actions = menu_actions(panel, qtbot)
    assert actions["filterBlock"].text() == "Show only UNet IN02"
    actions["copyKeys"].trigger()
    assert QGuiApplication.clipboard().text() == NAMES[2]
    actions["filterBlock"].trigger()
    menu.close()
    assert sorted(keys(panel)) == sorted([NAMES[1], NAMES[2]])


def test_the_menu_narrows_to_a_type(panel, qtbot):
    panel.table.selectRow(keys(panel).index(NAMES[3]))
    menu, actions = menu_actions(panel, qtbot)
    actions["filterType"].trigger()
    menu.close()
    assert sorted(keys(panel)) == sorted(NAMES[3:5])


def test_the_tree_has_folders_with_sums(panel, qtbot):
    qtbot.mouseClick(panel.findChild(QToolButton, "tensorTreeMode"), Qt.MouseButton.LeftButton)
    assert panel.tree.isVisible()
    model = panel.tree.model()
    top = {model.index(row, 0).data(): row for row in range(model.rowCount())}
    assert set(top) == {
        "first_stage_model.decoder",
        "model.diffusion_model.input_blocks",
        "model_ema.decay",
    }
    row = top["model.diffusion_model.input_blocks"]
    assert [model.index(row, column).data() for column in (1, 2, 5)] == ["3", "F16", "1.56 MiB"]
    panel.tree.setCurrentIndex(model.index(row, 0))
    assert panel.findChild(QLabel, "tensorSelection").full_text.startswith("3 selected")
    qtbot.keyClicks(panel.filters.field, "vae-that-is-not-there")
    assert model.rowCount() == 0


def open_tree(panel, qtbot, names):
    panel.show_document(Document("model", opened_file(names=names)))
    qtbot.mouseClick(panel.findChild(QToolButton, "tensorTreeMode"), Qt.MouseButton.LeftButton)
    panel.tree.expandAll()
    return panel.tree


MANY = [
    f"model.blocks.{block}.{layer}.{kind}"
    for block in range(60)
    for layer in ("attn.to_q", "attn.to_k", "ff.net.0", "ff.net.2", "norm")
    for kind in ("weight", "bias")
]


@pytest.mark.parametrize("way", ["all at once", "first to last"])
def test_all_of_an_open_tree_is_selected_without_a_wait(panel, qtbot, way):
    tree = open_tree(panel, qtbot, MANY)
    started = time.thread_time()
    if way == "all at once":
        qtbot.keyClick(tree, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    else:
        tree.setCurrentIndex(tree.model().index(0, 0))
        qtbot.keyClick(tree, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert time.thread_time() - started < 0.5
    assert panel.findChild(QLabel, "tensorSelection").full_text.startswith("600 selected")


def test_what_is_in_a_selected_folder_looks_selected(panel, qtbot):
    tree = open_tree(panel, qtbot, MANY)
    model = tree.model()
    folder, other = (model.index(place, 0, model.index(0, 0)) for place in (3, 4))
    inside = model.index(0, 1, model.index(0, 0, folder))
    tree.setCurrentIndex(folder)
    chosen = background(tree, folder)
    assert background(tree, inside) == chosen
    assert background(tree, other) != chosen
    assert panel.findChild(QLabel, "tensorSelection").full_text.startswith("10 selected")
    tree.setCurrentIndex(other)
    assert background(tree, inside) != chosen


def background(tree, index):
    """The colour at the end of a cell, where there is no text."""
    tree.scrollTo(index)
    place = tree.visualRect(index)
    return tree.viewport().grab().toImage().pixelColor(place.right() - 3, place.top() + 3).name()


@pytest.mark.parametrize("form", ["Csv", "Json"])
def test_what_is_shown_can_be_exported(panel, qtbot, tmp_path, monkeypatch, form):
    target = tmp_path / f"out.{form.lower()}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    qtbot.keyClicks(panel.filters.field, "weight")
    menu = panel.findChild(QToolButton, "tensorExport").menu()
    next(a for a in menu.actions() if a.objectName() == f"tensorExport{form}").trigger()
    written = target.read_text()
    if form == "Json":
        found = [row["name"] for row in json.loads(written)]
    else:
        found = [row[0] for row in csv.reader(io.StringIO(written))][1:]
    assert found == keys(panel)


def test_an_export_that_fails_is_told(panel, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "x.csv"), "")
    )
    with qtbot.waitSignal(panel.failed) as failed:
        panel.findChild(QToolButton, "tensorExport").menu().actions()[0].trigger()
    assert "x.csv could not be written" in failed.args[0].message


def test_without_a_table_there_is_a_sentence(panel):
    new = Document("New checkpoint")
    panel.show_document(new)
    assert not panel.table.isVisible()
    new.set_opened(opened_file())
    assert panel.table.isVisible()
    assert len(keys(panel)) == 6


def test_documents_are_chosen_by_title(panel, qtbot):
    one, two = Document("one", opened_file()), Document("two", opened_file(NAMES[:2]))
    panel.set_documents([one, two])
    panel.show_document(one)
    with qtbot.waitSignal(panel.document_chosen) as chosen:
        qtbot.keyClicks(panel.picker, "two")
        panel.picker.activated.emit(panel.picker.currentIndex())
    assert chosen.args[0] is two


def test_the_totals_of_the_selection_go_before_those_of_the_file(panel):
    panel.resize(760, 600)
    panel.table.selectAll()
    selection = panel.findChild(QLabel, "tensorSelection")
    QApplication.sendPostedEvents()
    QApplication.processEvents()
    assert selection.text() == selection.full_text
    assert "selected" in selection.full_text


@pytest.mark.parametrize("pane", ["tensorValues", "tensorHealth"])
def test_a_pane_that_opens_does_not_hide_the_selected_tensor(panel, pane):
    many = opened_file(tuple(f"model.diffusion_model.{number}.weight" for number in range(60)))
    panel.show_document(Document("many", many))
    QApplication.processEvents()
    table = panel.table
    last = table.rowAt(table.viewport().height() - 2)
    table.setCurrentIndex(table.model().index(last - 1, 0))
    table.selectRow(last - 1)
    panel.findChild(QToolButton, pane).click()
    QApplication.processEvents()
    shown = table.visualRect(table.currentIndex())
    assert table.viewport().rect().contains(shown.center())
