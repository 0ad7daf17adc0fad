"""The Compare panel, used as a person uses it."""

import csv
import os
import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QLabel, QLineEdit, QListView

from ckpt_studio.app.job_log import State
from ckpt_studio.core.compared_table import Column, Standing
from ckpt_studio.core.differences import Difference, TensorDifference
from ckpt_studio.core.progress import Progress
from ckpt_studio.qt.heatmap import HeatMap
from tests.cli.files import sparse_file
from tests.gui.acting import drop, in_dialog, named
from tests.making.plans import write_source

COMPARE = 3


@pytest.fixture
def compare(qtbot):
    """Show the panel of a window with files on both sides."""

    def show(window, *paths):
        window.show_panel(COMPARE)
        if paths:
            drop(window, *paths)
            qtbot.waitUntil(lambda: ready(window), timeout=10_000)
        return named(window, "comparePanel")

    return show


@pytest.fixture
def wholes(folder, tmp_path):
    """Two files of one model."""
    path = tmp_path / "twin.safetensors"
    with (folder / "whole.safetensors").open("rb") as file:
        start = file.read(8)
        path.write_bytes(start + file.read(int.from_bytes(start, "little")))
    os.truncate(path, (folder / "whole.safetensors").stat().st_size)
    return folder / "whole.safetensors", path


class Engine:
    """Compares rows as told: in A and B the VAE is the same, all else differs by a fifth."""

    def __init__(self):
        self.asked, self.pause_after, self.go = [], None, threading.Event()

    def __call__(self, comparison, rows, found, progress, cancel):
        self.asked.append(tuple(rows))
        for done, row in enumerate(rows):
            if done == self.pause_after:
                progress(Progress(done, len(rows), "", "Comparing"))
                while not (self.go.wait(0.01) or cancel.cancelled):
                    pass
            cancel.raise_if_cancelled()
            tensor = comparison.tensors[row]
            gap = Difference(1, 0, 1.0, 1.0, 0.04, 1.0, 0.1)
            same = tensor.part == "vae"
            found(row, TensorDifference(tensor, same, same, Difference(1) if same else gap))


@pytest.fixture
def engine(monkeypatch):
    engine = Engine()
    monkeypatch.setattr("ckpt_studio.app.application._compare_rows", engine)
    return engine


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


def ready(window):
    return (
        not window.comparing.busy
        and not window.sources.busy
        and named(window, "compareTable").isVisible()
    )


def idle(window):
    return not window.jobs.queue.busy and not window.comparing.busy


def press(window, name):
    button = named(window, name, QAbstractButton)
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def said(window, name):
    return named(window, name, QLabel).text()


def column(window, column):
    model = named(window, "compareTable").model()
    place = list(Column).index(column)
    return [model.index(row, place).data() for row in range(model.rowCount())]


def picked(window):
    return [named(window, f"compareFile{letter}", QComboBox).currentText() for letter in "AB"]


def test_two_dropped_files_are_compared_by_their_headers_at_once(window, folder, compare):
    compare(window, folder / "whole.safetensors", folder / "small_vae.safetensors")
    assert picked(window) == ["whole.safetensors", "small_vae.safetensors"]
    assert said(window, "compareVerdict").startswith("248 tensors are in both files")
    assert said(window, "compareMore") == "Only A has the diffusion model and CLIP-L."
    assert "only A 882" in named(window, "compareCounts").full_text
    assert "other type 248" in named(window, "compareCounts").full_text
    assert named(window, "compareTable").model().rowCount() == 1130
    assert window.session.empty  # nothing went into the recipe


def test_without_two_files_the_panel_says_what_to_do(qtbot, window, folder, compare):
    compare(window)
    assert "Choose two files" in said(window, "compareNote")
    assert not named(window, "compareValues").isEnabled()
    drop(named(window, "compareSideB"), folder / "vae.safetensors")
    qtbot.waitUntil(lambda: picked(window)[1] == "vae.safetensors")
    assert picked(window)[0] == ""
    assert named(window, "compareNote").isVisible()
    drop(window, folder / "whole.safetensors")  # goes to the side that is free
    qtbot.waitUntil(lambda: ready(window))
    assert picked(window) == ["whole.safetensors", "vae.safetensors"]


def test_two_files_that_are_open_are_compared_on_the_first_visit(qtbot, window, folder, compare):
    window.sources.add((folder / "vae.safetensors", folder / "small_vae.safetensors"))
    qtbot.waitUntil(lambda: len(window.session.documents) == 2)
    compare(window)
    qtbot.waitUntil(lambda: ready(window))
    assert picked(window) == ["vae.safetensors", "small_vae.safetensors"]


def test_a_file_is_browsed_for_and_one_is_chosen_from_the_open_ones(
    qtbot, window, folder, compare, monkeypatch
):
    compare(window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    path = folder / "whole.safetensors"
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path)], ""))
    press(window, "compareBrowseB")
    qtbot.waitUntil(lambda: picked(window)[1] == "whole.safetensors" and ready(window))
    box = named(window, "compareFileB", QComboBox)
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: ready(window))
    assert said(window, "compareVerdict").startswith("Both files hold the same 248 tensors")


def test_the_current_file_is_compared_with_another_from_the_menu(
    qtbot, window, folder, monkeypatch
):
    window.sources.look_at((folder / "vae.safetensors",))
    qtbot.waitUntil(lambda: window.session.current.title == "vae.safetensors")
    path = folder / "small_vae.safetensors"
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path)], ""))
    window.actions_.compare_with.trigger()
    qtbot.waitUntil(lambda: ready(window))
    assert picked(window) == ["vae.safetensors", "small_vae.safetensors"]


def test_a_file_that_is_no_model_is_refused_and_what_was_shown_stays(
    qtbot, window, folder, compare
):
    compare(window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    drop(named(window, "compareSideA"), folder / "page.safetensors")
    qtbot.waitUntil(window.banner.isVisible)
    assert picked(window) == ["vae.safetensors", "small_vae.safetensors"]
    assert named(window, "compareTable").isVisible()


def test_a_closed_file_leaves_its_side(qtbot, window, folder, compare):
    compare(window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    window.session.close_file(window.session.documents[1])
    assert picked(window) == ["vae.safetensors", ""]
    assert named(window, "compareNote").isVisible()


def test_words_and_buttons_and_parts_narrow_the_table(qtbot, window, folder, compare):
    compare(window, folder / "whole.safetensors", folder / "small_vae.safetensors")
    field = named(window, "compareFilter", QLineEdit)
    QTest.keyClicks(field, "first_stage_model.decoder CONV_IN")
    assert column(window, Column.KEY) == ["decoder.conv_in.bias", "decoder.conv_in.weight"]
    assert said(window, "compareShown") == "2 of 1,130"
    QTest.keyClick(field, Qt.Key.Key_Escape)
    press(window, "compareShowDifferent")
    assert set(column(window, Column.PART)) == {"VAE"}  # other types, until values are known
    press(window, "compareShowOnlyA")
    assert set(column(window, Column.RESULT)) == {"only A"}
    press(window, "compareShowOnlyB")
    assert column(window, Column.KEY) == []
    press(window, "compareShowAll")
    part = named(window, "comparePart", QComboBox)
    part.setFocus()
    QTest.keyClick(part, Qt.Key.Key_End)
    assert set(column(window, Column.PART)) == {"VAE"}


def test_values_fill_table_map_and_verdict(qtbot, window, wholes, compare):
    compare(window, *wholes)
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


def test_values_of_one_part_are_compared_alone(engine, qtbot, window, wholes, compare):
    compare(window, *wholes)
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


def test_a_stopped_comparison_goes_on_where_it_was(engine, qtbot, window, wholes, compare):
    compare(window, *wholes)
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


def test_a_stopped_comparison_is_tried_again_from_the_jobs(engine, qtbot, window, wholes, compare):
    compare(window, *wholes)
    engine.pause_after = 10
    press(window, "compareValues")
    qtbot.waitUntil(lambda: len(engine.asked) == 1)
    press(window, "stripCancel")
    qtbot.waitUntil(lambda: idle(window))
    engine.pause_after = None
    window.show_panel(4)
    press(window, "jobAgain")
    qtbot.waitUntil(lambda: idle(window))
    window.show_panel(COMPARE)
    assert [len(rows) for rows in engine.asked] == [1130, 1120]
    assert said(window, "compareStatus") == "All values compared"


def test_a_comparison_of_values_waits_for_other_jobs(qtbot, window, folder, compare):
    compare(window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    go = threading.Event()
    window.jobs.start("Other", lambda progress, cancel: go.wait(5))
    press(window, "compareValues")
    assert said(window, "compareStatus") == "Waiting for another job"
    go.set()
    qtbot.waitUntil(lambda: idle(window))
    assert said(window, "compareStatus") == "All values compared"


def test_a_swap_and_a_look_at_other_files_keep_the_values(engine, qtbot, window, folder, compare):
    compare(window, folder / "whole.safetensors", folder / "small_vae.safetensors")
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


def test_results_of_files_that_are_not_shown_any_more_are_kept(
    engine, qtbot, window, folder, compare
):
    compare(window, folder / "whole.safetensors", folder / "small_vae.safetensors")
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


def test_a_cell_of_the_map_shows_its_tensors_alone(qtbot, window, wholes, compare):
    compare(window, *wholes)
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


def test_a_click_on_a_header_sorts_and_the_selection_stays(qtbot, window, wholes, compare):
    compare(window, *wholes)
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


def test_metadata_differences_open_with_escaped_values(qtbot, window, compare, tmp_path):
    a = write_source(
        tmp_path / "a.safetensors", {"t": ("F16", [1], b"\0\0")}, {"k": "1", "x": "\u202ey"}
    )
    b = write_source(tmp_path / "b.safetensors", {"t": ("F16", [1], b"\0\0")}, {"k": "2\n3"})
    compare(window, a.path, b.path)
    toggle = named(window, "compareMetadataToggle", QAbstractButton)
    assert toggle.text() == "Metadata: 1 key only in A, 1 changed"
    view = named(window, "compareMetadata")
    assert not view.isVisible()
    press(window, "compareMetadataToggle")
    assert view.isVisible()
    model = view.model()
    cells = [[model.index(row, place).data() for place in range(4)] for row in range(2)]
    assert cells == [["k", "changed", "1", "2↵3"], ["x", "only A", "⟨202E⟩y", "—"]]
    assert said(window, "compareMore") == "The metadata differs in 2 keys."


def test_the_table_is_exported_and_the_summary_copied(qtbot, window, folder, compare, csv_file):
    compare(window, folder / "whole.safetensors", folder / "small_vae.safetensors")
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


def test_an_export_that_cannot_be_written_is_said(qtbot, window, folder, compare, monkeypatch):
    compare(window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    path = folder / "vae.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    press(window, "compareExport")
    qtbot.waitUntil(window.banner.isVisible)
    assert "vae.safetensors" in window.banner.message.what


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


def test_the_same_weights_in_another_precision_are_told(qtbot, real_window, compare, tmp_path):
    compare(real_window, *pair(tmp_path))
    press(real_window, "compareValues")
    qtbot.waitUntil(lambda: idle(real_window), timeout=60_000)
    assert said(real_window, "compareVerdict") == (
        "The files hold the same weights in another precision: F32 in A, F16 in B."
    )
    assert set(column(real_window, Column.RESULT)) == {"rounded"}


def test_a_changed_value_is_found_in_its_cell(qtbot, real_window, compare, tmp_path):
    panel = compare(real_window, *pair(tmp_path, 1.0))
    press(real_window, "compareValues")
    qtbot.waitUntil(lambda: idle(real_window), timeout=60_000)
    assert panel.table.counts[Standing.DIFFERENT] == 1
    described = panel.map.accessibleDescription()
    assert "The largest difference is in layer 1 · norm" in described


def test_a_file_that_changed_meanwhile_is_a_sentence(qtbot, real_window, compare, tmp_path):
    a, b = pair(tmp_path)
    compare(real_window, a, b)
    with b.open("r+b") as file:
        file.seek(-2, 2)
        file.write(b"xx")
    press(real_window, "compareValues")
    qtbot.waitUntil(real_window.banner.isVisible, timeout=60_000)
    assert "half.safetensors has changed" in real_window.banner.message.what
    assert named(real_window, "compareValues").isEnabled()


def test_files_with_nothing_in_common_are_told_so(qtbot, window, folder, compare, tmp_path):
    other = sparse_file(tmp_path / "other.safetensors", {})
    compare(window, folder / "vae.safetensors", other)
    assert said(window, "compareVerdict") == "The files have no tensors in common."
    assert said(window, "compareStatus") == "No values to compare"
    assert not named(window, "compareValues").isEnabled()
    assert not named(window, "differenceMap").isVisible()


def test_two_models_of_a_folder_are_chosen_from_a_list(qtbot, window, compare, tmp_path):
    (tmp_path / "models").mkdir()
    for name in ("one", "two", "three"):
        data = np.zeros(16, "<f2").tobytes()
        write_source(tmp_path / "models" / f"{name}.safetensors", {"w": ("F16", [4, 4], data)}, {})
    compare(window)

    def choose_two(dialog):
        names = named(dialog, "folderModels", QListView)
        names.setFocus()
        QTest.keyClick(names, Qt.Key.Key_Home)
        QTest.keyClick(names, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
        press(dialog, "folderOpen")

    in_dialog("folderDialog", choose_two)
    drop(window, tmp_path / "models")
    qtbot.waitUntil(lambda: ready(window), timeout=10_000)
    assert picked(window) == ["one.safetensors", "three.safetensors"]
    assert window.session.empty
