"""The values of tensors on the Tensors panel: read when asked for, shown, remembered, saved."""

import csv
import io
import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QMenu

from ckpt_studio.app import tensor_values
from ckpt_studio.app.job_log import State
from tests.gui.acting import in_dialog, named
from tests.gui.looking import keys, look_at, press, select, sick, take
from tests.making.plans import write_source


class Counting:
    """Takes statistics and notes what was asked for; waits at a gate where there is one."""

    def __init__(self):
        self.asked = []
        self.gate = None

    def __call__(self, checkpoint, names, found, progress, cancel):
        self.asked.append(tuple(names))

        def tell(one):
            found(one)
            if self.gate is not None:
                while not self.gate.wait(0.01):
                    cancel.raise_if_cancelled()

        take(checkpoint, names, tell, progress, cancel)


@pytest.fixture
def counting():
    return Counting()


@pytest.fixture
def panel(qtbot, window, tmp_path, counting):
    return look_at(qtbot, window, sick(tmp_path / "sick.safetensors"), statistics=counting)


def said(panel, name):
    return named(panel, name, QLabel).text()


def shown(panel, count):
    found = panel.values.collected
    return found.wanted == count and found.complete


def test_the_values_of_the_selection_are_told(qtbot, panel):
    press(panel, "tensorValues")
    select(panel, "bad.weight")
    qtbot.waitUntil(lambda: shown(panel, 1))
    assert named(panel, "valueTitle").full_text == "Values of bad.weight"
    facts = {name: said(panel, f"value{name}") for name in ("Values", "Min", "Max", "NaN")}
    assert facts == {"Values": "3", "Min": "1", "Max": "1", "NaN": "1"}
    assert said(panel, "valueInfinite") == "1"
    assert named(panel, "valueNaN").property("role") == "bad"
    select(panel, "huge.weight", "zero.weight")
    qtbot.waitUntil(lambda: shown(panel, 2))
    assert said(panel, "valueZeros") == "16 (88.9 %)"
    assert said(panel, "valueF16") == "1 too large"
    assert said(panel, "valueLargest") == "1e+06"


def test_what_was_read_is_not_read_again(qtbot, panel, counting):
    press(panel, "tensorValues")
    select(panel, "layer.weight")
    qtbot.waitUntil(lambda: shown(panel, 1))
    select(panel, "layer.weight", "betas")
    qtbot.waitUntil(lambda: shown(panel, 2))
    select(panel, "layer.weight")
    qtbot.waitUntil(lambda: shown(panel, 1))
    assert counting.asked == [("layer.weight",), ("betas",)]


def test_without_a_selection_everything_is_offered_as_a_job(qtbot, window, panel, counting):
    press(panel, "tensorValues")
    qtbot.waitUntil(lambda: "take all 7 tensors" in said(panel, "valueSentence"))
    assert counting.asked == []
    assert named(panel, "valueRead").text() == "Read 707 KiB"
    press(panel, "valueRead")
    qtbot.waitUntil(lambda: shown(panel, 7))
    assert [record.state for record in window.jobs.records] == [State.DONE]
    assert said(panel, "valueNaN") == "1"


def test_a_large_selection_is_read_on_request_only(qtbot, window, panel, counting, monkeypatch):
    monkeypatch.setattr(tensor_values, "_READ_BELOW", 1000)
    press(panel, "tensorValues")
    select(panel, "layer.weight")
    qtbot.waitUntil(lambda: named(panel, "valueRead").text() == "Read 352 KiB")
    assert counting.asked == []
    press(panel, "valueRead")
    qtbot.waitUntil(lambda: shown(panel, 1))
    assert len(window.jobs.records) == 1


def test_a_job_is_cancelled_in_the_pane_and_what_was_read_stays(qtbot, window, panel, counting):
    counting.gate = threading.Event()
    press(panel, "tensorValues")
    press(panel, "valueRead")
    qtbot.waitUntil(lambda: len(panel.values.collected.tensors) == 1)
    press(panel, "valueCancel")
    qtbot.waitUntil(lambda: window.jobs.records[0].state is State.CANCELLED)
    assert said(panel, "valueNote") == "Read until now: 1 of 7 tensors."
    assert not named(panel, "valueCancel").isVisible()


def test_the_newest_selection_wins(qtbot, panel, counting):
    counting.gate = threading.Event()
    press(panel, "tensorValues")
    select(panel, "layer.weight")
    qtbot.waitUntil(lambda: counting.asked == [("layer.weight",)])
    select(panel, "betas")
    qtbot.waitUntil(lambda: counting.asked[-1] == ("betas",))
    counting.gate.set()
    title = named(panel, "valueTitle")
    qtbot.waitUntil(lambda: title.full_text == "Values of betas" and shown(panel, 1))
    assert said(panel, "valueValues") == "1,000"


def test_a_selection_is_cancelled_in_the_pane(qtbot, panel, counting):
    counting.gate = threading.Event()
    press(panel, "tensorValues")
    select(panel, "layer.weight", "betas")
    qtbot.waitUntil(lambda: named(panel, "valueCancel").isVisible() and bool(counting.asked))
    press(panel, "valueCancel")
    qtbot.waitUntil(lambda: not named(panel, "valueCancel").isVisible())
    counting.gate.set()


def test_the_outer_bins_have_one_end(qtbot, window, tmp_path):
    values = np.array([3e38, 1e-30], "<f4").tobytes()
    path = tmp_path / "wide.safetensors"
    write_source(path, {"w": ("F32", [2], values)}, {})
    panel = look_at(qtbot, window, path, statistics=take)
    press(panel, "tensorValues")
    press(panel, "valueRead")
    qtbot.waitUntil(lambda: shown(panel, 1))
    press(panel, "valueBinsMode")
    bins = named(panel, "valueBins").model()
    rows = [[bins.index(row, column).data() for column in range(4)] for row in (0, 80)]
    assert rows == [["0", "1.81899e-12", "1", "0"], ["1.09951e+12", "and more", "1", "0"]]


def test_a_file_that_changed_is_told_in_the_pane(qtbot, panel, tmp_path):
    sick(tmp_path / "sick.safetensors")
    press(panel, "tensorValues")
    select(panel, "layer.weight")
    qtbot.waitUntil(lambda: "changed" in said(panel, "valueSentence"))


def test_the_plot_has_tables_behind_it(qtbot, panel):
    press(panel, "tensorValues")
    press(panel, "valueRead")
    qtbot.waitUntil(lambda: shown(panel, 7))
    press(panel, "valueBinsMode")
    bins = named(panel, "valueBins").model()
    counts = [
        int(bins.index(row, column).data().replace(",", ""))
        for row in range(bins.rowCount())
        for column in (2, 3)
    ]
    histogram = panel.values.collected.values.histogram
    assert sum(counts) == sum(histogram.negative) + sum(histogram.positive)
    assert not named(panel, "valueZoomIn").isEnabled()
    press(panel, "valueTensorsMode")
    table = named(panel, "valueTensors")
    table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    assert table.model().index(0, 0).data() == "huge.weight"
    table.selectRow(0)
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert [row.tensor.name for row in panel.selected_rows()] == ["huge.weight"]


def test_the_plot_is_zoomed_by_buttons(qtbot, panel):
    press(panel, "tensorValues")
    select(panel, "layer.weight")
    qtbot.waitUntil(lambda: shown(panel, 1))
    plot = panel.values.plot.plot
    whole = plot.span
    press(panel, "valueZoomIn")
    assert plot.span[1] - plot.span[0] < whole[1] - whole[0]
    press(panel, "valueZoomAll")
    assert plot.span == whole
    press(panel, "valueLog")
    assert plot.logarithmic
    QTest.keyClick(plot, Qt.Key.Key_L)
    assert not named(panel, "valueLog").isChecked()


def test_numbers_are_copied_and_saved(qtbot, panel, tmp_path, monkeypatch):
    press(panel, "tensorValues")
    press(panel, "valueRead")
    qtbot.waitUntil(lambda: shown(panel, 7))
    press(panel, "valueCopy")
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0] == "7 tensors"
    assert "NaN\t1" in lines
    target = tmp_path / "values.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    press(panel, "valueSave")
    rows = {row["Key"]: row for row in csv.DictReader(io.StringIO(target.read_text()))}
    assert set(rows) == set(keys(panel))
    assert float(rows["huge.weight"]["Max"]) == 1e6
    assert rows["huge.weight"]["> F16"] == "1"
    assert rows["zero.weight"]["Zeros"] == "16"


@pytest.mark.parametrize("replaced", [True, False])
def test_a_file_is_replaced_only_when_the_user_says_so(
    qtbot, panel, tmp_path, monkeypatch, replaced
):
    press(panel, "tensorValues")
    press(panel, "valueRead")
    qtbot.waitUntil(lambda: shown(panel, 7))
    target = tmp_path / "values.csv"
    target.write_text("mine", encoding="utf-8")
    typed = iter([str(tmp_path / "values"), str(tmp_path / "other.values")])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (next(typed), ""))

    def answer(box):
        assert box.text() == "values.csv exists already."
        wanted = "&Replace" if replaced else "&Choose another name"
        next(button for button in box.buttons() if button.text() == wanted).click()

    in_dialog("replaceQuestion", answer)
    press(panel, "valueSave")
    assert (target.read_text(encoding="utf-8") == "mine") is not replaced
    assert (tmp_path / "other.values.csv").exists() is not replaced


def test_a_new_checkpoint_has_no_values_yet(qtbot, window, panel, tmp_path):
    press(panel, "tensorValues")
    window.sources.add((tmp_path / "sick.safetensors",))
    window.session.show_document(window.session.new_checkpoint)
    window.session.new_checkpoint.set_opened(window.session.documents[0].opened)
    qtbot.waitUntil(lambda: "when it is saved" in said(panel, "valueSentence"))
    qtbot.waitUntil(lambda: not window.sources.busy)


def menu_of(panel):
    panel.table.customContextMenuRequested.emit(QPoint(5, 5))
    menu = next(menu for menu in panel.findChildren(QMenu) if menu.isVisible())
    return menu, {action.objectName(): action for action in menu.actions()}


def test_the_menu_opens_the_values(qtbot, panel):
    select(panel, "layer.weight", "betas")
    menu, actions = menu_of(panel)
    assert "save_array" not in actions
    actions["values"].trigger()
    menu.close()
    qtbot.waitUntil(lambda: shown(panel, 2))


def test_one_tensor_is_saved_for_numpy(qtbot, window, panel, tmp_path, monkeypatch):
    target = tmp_path / "layer.weight.npy"
    typed = str(tmp_path / "layer.weight")  # the dot is a part of the name
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (typed, ""))
    select(panel, "layer.weight")
    menu, actions = menu_of(panel)
    actions["save_array"].trigger()
    menu.close()
    qtbot.waitUntil(lambda: window.banner.message.what == "layer.weight.npy was saved.")
    assert np.load(target).shape == (300, 300)


def test_values_come_from_another_process(qtbot, window, tmp_path):
    own = window.session.verbs
    path = sick(tmp_path / "sick.safetensors")
    panel = look_at(qtbot, window, path, statistics=own.statistics, check=own.check)
    press(panel, "tensorValues")
    select(panel, "bad.weight", "huge.weight")
    qtbot.waitUntil(lambda: shown(panel, 2), timeout=60_000)
    assert said(panel, "valueNaN") == "1"
