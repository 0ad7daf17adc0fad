"""The Compare panel while values are compared, and with what was found."""

import csv
import os
import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QStyleOptionViewItem, QTableView

from ckpt_studio.app.job_log import State
from ckpt_studio.app.main_window import JOBS
from ckpt_studio.core.comparison.compared_table import Column, Standing
from ckpt_studio.qt.heatmap import HeatMap
from tests.cli.files import sparse_file
from tests.gui.acting import drop, named
from tests.gui.comparing import COMPARE, Engine, column, idle, picked, press, ready, said, show
from tests.making.plans import write_source


@pytest.fixture
def engine(monkeypatch):
    engine = Engine()
    monkeypatch.setattr("ckpt_studio.app.application._compare_rows", engine)
    return engine


@pytest.fixture
def wholes(folder, tmp_path):
    """Two files of one model."""
    path = tmp_path / "twin.safetensors"
    with (folder / "whole.safetensors").open("rb") as file:
        start = file.read(8)
        path.write_bytes(start + file.read(int.from_bytes(start, "little")))
    os.truncate(path, (folder / "whole.safetensors").stat().st_size)
    return folder / "whole.safetensors", path


@pytest.fixture
def window(engine, open_window):
    return open_window()


@pytest.fixture
def real_window(open_window):
    """A window whose values are compared in another process, as in the program."""
    return open_window()


@pytest.fixture
def csv_file(monkeypatch, tmp_path):
    """The file that the dialog gives."""
    path = tmp_path / "out.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    return path


def pair(folder, change=0.0):
    """The same values in F32 and F16; of B one value of the last tensor is changed."""
    random = np.random.default_rng(1)
    a, b = {}, {}
    for name in ("layers.0.mlp.weight", "layers.1.mlp.weight", "layers.1.norm.weight"):
        values = random.standard_normal(4096).astype("<f4")
        other = values.astype("<f2")
        a[name] = ("F32", [64, 64], values.tobytes())
        if name.endswith("norm.weight"):
            other[0] += change
        b[name] = ("F16", [64, 64], other.tobytes())
    return [
        write_source(folder / f"{name}.safetensors", tensors, {}).path
        for name, tensors in (("full", a), ("half", b))
    ]


def test_without_two_files_the_panel_says_what_to_do(qtbot, window, folder):
    show(qtbot, window)
    assert "Choose two files" in said(window, "compareNote")
    assert not named(window, "compareValues").isEnabled()
    drop(named(window, "compareSideB"), folder / "vae.safetensors")
    qtbot.waitUntil(lambda: picked(window)[1] == "vae.safetensors")
    assert picked(window)[0] == ""
    assert named(window, "compareNote").isVisible()
    drop(window, folder / "whole.safetensors")  # goes to the side that is free
    qtbot.waitUntil(lambda: ready(window))
    assert picked(window) == ["whole.safetensors", "vae.safetensors"]


def test_values_fill_table_map_and_verdict(qtbot, window, wholes):
    show(qtbot, window, *wholes)
    press(window, "compareValues")
    qtbot.waitUntil(lambda: idle(window))
    assert said(window, "compareVerdict") == "The diffusion model differs by 20 %."
    assert "The VAE is the same in both." in said(window, "compareMore")
    assert "same 248 · differ 882" in named(window, "compareCounts").full_text
    assert said(window, "compareStatus") == "All values compared"
    assert not named(window, "compareValues").isEnabled()
    assert set(column(window, Column.RELATIVE)) == {"20 %", "0"}
    press(window, "compareShowDifferent")
    assert set(column(window, Column.RESULT)) == {"differs"}
    description = named(window, "differenceMap").accessibleDescription()
    assert "largest difference is in UNet" in description


def test_values_of_one_part_are_compared_alone(engine, qtbot, window, wholes):
    show(qtbot, window, *wholes)
    part = named(window, "comparePart", QComboBox)
    part.setFocus()
    while part.currentText() != "VAE":
        QTest.keyClick(part, Qt.Key.Key_Down)
    press(window, "compareValues")
    qtbot.waitUntil(lambda: idle(window))
    assert [len(rows) for rows in engine.asked] == [248]
    assert "The VAE is the same in both." in said(window, "compareMore")
    QTest.keyClick(part, Qt.Key.Key_Home)
    assert said(window, "compareStatus") == "248 of 1,130 tensors compared"


def test_a_stopped_comparison_goes_on_where_it_was(engine, qtbot, window, wholes):
    show(qtbot, window, *wholes)
    engine.pause_after = 300
    press(window, "compareValues")
    qtbot.waitUntil(lambda: said(window, "compareStatus") == "300 of 1,130 tensors compared")
    assert named(window, "compareValues").text() == "&Stop"
    press(window, "compareValues")
    qtbot.waitUntil(lambda: idle(window))
    assert window.jobs.records[-1].state is State.CANCELLED
    assert "not compared 830" in named(window, "compareCounts").full_text
    engine.pause_after = None
    press(window, "compareValues")
    qtbot.waitUntil(lambda: idle(window))
    assert [len(rows) for rows in engine.asked] == [1130, 830]
    assert not set(engine.asked[1]) & set(engine.asked[0][:300])
    assert said(window, "compareStatus") == "All values compared"


def test_a_stopped_comparison_is_tried_again_from_the_jobs(engine, qtbot, window, wholes):
    show(qtbot, window, *wholes)
    engine.pause_after = 10
    press(window, "compareValues")
    qtbot.waitUntil(lambda: len(engine.asked) == 1)
    press(window, "stripCancel")
    qtbot.waitUntil(lambda: idle(window))
    engine.pause_after = None
    window.show_panel(JOBS)
    press(window, "jobAgain")
    qtbot.waitUntil(lambda: idle(window))
    window.show_panel(COMPARE)
    assert [len(rows) for rows in engine.asked] == [1130, 1120]
    assert said(window, "compareStatus") == "All values compared"


def test_a_comparison_of_values_waits_for_other_jobs(qtbot, window, folder):
    show(qtbot, window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    go = threading.Event()
    window.jobs.start("Other", lambda progress, cancel: go.wait(60))
    press(window, "compareValues")
    assert said(window, "compareStatus") == "Waiting for another job"
    go.set()
    qtbot.waitUntil(lambda: idle(window))
    assert said(window, "compareStatus") == "All values compared"


def test_a_swap_and_a_look_at_other_files_keep_the_values(engine, qtbot, window, folder):
    show(qtbot, window, folder / "whole.safetensors", folder / "small_vae.safetensors")
    press(window, "compareValues")
    qtbot.waitUntil(lambda: idle(window))
    press(window, "compareSwap")
    qtbot.waitUntil(lambda: ready(window))
    assert picked(window) == ["small_vae.safetensors", "whole.safetensors"]
    assert "only B 882" in named(window, "compareCounts").full_text
    assert said(window, "compareStatus") == "All values compared"
    drop(named(window, "compareSideA"), folder / "vae.safetensors")
    qtbot.waitUntil(lambda: picked(window)[0] == "vae.safetensors" and ready(window))
    assert said(window, "compareStatus") == ""
    box = named(window, "compareFileA", QComboBox)
    box.setFocus()
    while box.currentText() != "small_vae.safetensors":
        QTest.keyClick(box, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: ready(window))
    assert said(window, "compareStatus") == "All values compared"
    assert len(engine.asked) == 1


def test_results_of_files_that_are_not_shown_any_more_are_kept(engine, qtbot, window, folder):
    show(qtbot, window, folder / "whole.safetensors", folder / "small_vae.safetensors")
    engine.pause_after = 100
    press(window, "compareValues")
    qtbot.waitUntil(lambda: len(engine.asked) == 1)
    drop(named(window, "compareSideA"), folder / "vae.safetensors")
    qtbot.waitUntil(lambda: picked(window)[0] == "vae.safetensors" and ready(window))
    assert said(window, "compareStatus") == ""
    engine.go.set()
    qtbot.waitUntil(lambda: idle(window))
    assert said(window, "compareStatus") == ""
    box = named(window, "compareFileA", QComboBox)
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: ready(window))
    assert said(window, "compareStatus") == "All values compared"


def test_a_cell_of_the_map_shows_its_tensors_alone(qtbot, window, wholes):
    show(qtbot, window, *wholes)
    press(window, "compareValues")
    qtbot.waitUntil(lambda: idle(window))
    plot = named(window, "differenceMap", HeatMap)
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Right)
    place = plot.cursor_place
    QTest.keyClick(plot, Qt.Key.Key_Return)
    assert plot.chosen == place
    rows = named(window, "compareTable").model().rowCount()
    assert 0 < rows < 50
    assert set(column(window, Column.BLOCK)) == {place[1]}
    assert named(window, "compareCell").text().startswith("UNet · ")
    press(window, "compareCell")
    assert plot.chosen is None
    assert named(window, "compareTable").model().rowCount() == 1130
    spot = next(
        QPoint(x, y)
        for x in range(100, plot.width(), 3)
        for y in range(30, plot.height(), 3)
        if plot._spot(QPoint(x, y).toPointF())
    )
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=spot)
    assert named(window, "compareTable").model().rowCount() < 1130
    QTest.keyClick(plot, Qt.Key.Key_Escape)
    assert named(window, "compareTable").model().rowCount() == 1130


def test_a_click_on_a_header_sorts_and_the_selection_stays(qtbot, window, wholes):
    show(qtbot, window, *wholes)
    press(window, "compareValues")
    qtbot.waitUntil(lambda: idle(window))
    view = named(window, "compareTable")
    view.selectRow(3)
    key = view.model().index(3, 0).data()
    view.sortByColumn(list(Column).index(Column.RELATIVE), Qt.SortOrder.DescendingOrder)
    assert column(window, Column.RELATIVE)[:2] == ["20 %", "20 %"]
    (chosen,) = view.selectionModel().selectedRows()
    assert chosen.data() == key
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    titles, copied = QGuiApplication.clipboard().text().splitlines()
    assert titles.split("\t")[0] == "Key"
    assert copied.split("\t")[0] == key


def test_the_table_is_exported_and_the_summary_copied(qtbot, window, folder, csv_file):
    show(qtbot, window, folder / "whole.safetensors", folder / "small_vae.safetensors")
    press(window, "compareValues")
    qtbot.waitUntil(lambda: idle(window))
    press(window, "compareExport")
    qtbot.waitUntil(lambda: not window.comparing.busy)
    rows = list(csv.DictReader(csv_file.read_text("utf-8").splitlines()))
    assert len(rows) == 1130
    assert {row["identical"] for row in rows if row["part"] == "vae"} == {"yes"}
    press(window, "compareCopy")
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith(f"A: {folder / 'whole.safetensors'}")
    assert "The VAE is the same in both" in copied
    assert "VAE: 248 tensors compared, relative L2 0" in copied


def test_the_same_weights_in_another_precision_are_told(qtbot, real_window, tmp_path):
    show(qtbot, real_window, *pair(tmp_path))
    press(real_window, "compareValues")
    qtbot.waitUntil(lambda: idle(real_window), timeout=60_000)
    assert said(real_window, "compareVerdict") == (
        "The files hold the same weights in another precision: F32 in A, F16 in B."
    )
    assert set(column(real_window, Column.RESULT)) == {"rounded"}


def test_a_changed_value_is_found_in_its_cell(qtbot, real_window, tmp_path):
    panel = show(qtbot, real_window, *pair(tmp_path, 1.0))
    press(real_window, "compareValues")
    qtbot.waitUntil(lambda: idle(real_window), timeout=60_000)
    assert panel.table.counts[Standing.DIFFERENT] == 1
    described = panel.map.accessibleDescription()
    assert "The largest difference is in layer 1 · norm" in described


def test_a_value_that_is_nan_is_said_in_the_verdict_and_the_table(qtbot, real_window, tmp_path):
    show(qtbot, real_window, *pair(tmp_path, float("nan")))
    press(real_window, "compareValues")
    qtbot.waitUntil(lambda: idle(real_window), timeout=60_000)
    assert "1 value of B is NaN or infinite." in said(real_window, "compareVerdict")
    assert "differs · 1 NaN/∞" in column(real_window, Column.RESULT)
    press(real_window, "compareSwap")
    qtbot.waitUntil(lambda: ready(real_window))
    assert "1 value of A is NaN" in said(real_window, "compareVerdict")


def test_texts_of_numbers_have_room_and_lose_no_sign(qtbot, real_window, tmp_path):
    values = np.linspace(-1, 1, 4096).astype("<f4")
    paths = []
    for name, data in (("a", values), ("b", -values * 1.7e-5 + 0.3 * values[::-1] ** 2)):
        tensors = {"layers.0.weight": ("F32", [64, 64], data.astype("<f4").tobytes())}
        paths.append(write_source(tmp_path / f"{name}.safetensors", tensors, {}).path)
    show(qtbot, real_window, *paths)
    press(real_window, "compareValues")
    qtbot.waitUntil(lambda: idle(real_window), timeout=60_000)
    assert column(real_window, Column.COSINE)[0].startswith("-0.0000")
    view = named(real_window, "compareTable", QTableView)
    for wanted in (Column.BLOCK, Column.RELATIVE, Column.COSINE, Column.LARGEST, Column.RESULT):
        place = list(Column).index(wanted)
        assert view.sizeHintForColumn(place) <= view.columnWidth(place)
        option = QStyleOptionViewItem()
        view.initViewItemOption(option)
        view.itemDelegate().initStyleOption(option, view.model().index(0, place))
        assert option.textElideMode is not Qt.TextElideMode.ElideLeft


def test_a_file_that_changed_meanwhile_is_a_sentence(qtbot, real_window, tmp_path):
    a, b = pair(tmp_path)
    show(qtbot, real_window, a, b)
    with b.open("r+b") as file:
        file.seek(-2, 2)
        file.write(b"xx")
    press(real_window, "compareValues")
    qtbot.waitUntil(real_window.banner.isVisible, timeout=60_000)
    assert "half.safetensors has changed" in real_window.banner.message.what
    assert named(real_window, "compareValues").isEnabled()


def test_files_with_nothing_in_common_are_told_so(qtbot, window, folder, tmp_path):
    other = sparse_file(tmp_path / "other.safetensors", {})
    show(qtbot, window, folder / "vae.safetensors", other)
    assert said(window, "compareVerdict") == "The files have no tensors in common."
    assert said(window, "compareStatus") == "No values to compare"
    assert not named(window, "compareValues").isEnabled()
    assert not named(window, "differenceMap").isVisible()
