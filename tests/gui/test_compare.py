"""The Compare panel with two files, as their headers tell, used as a person uses it."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QListView,
    QTableView,
)

from ckpt_studio.core.comparison.compared_table import Column
from tests.gui.acting import drop, in_dialog, named
from tests.gui.comparing import column, picked, press, ready, said, show
from tests.making.plans import write_source


def test_two_files_of_one_name_are_told_apart_by_their_folders(qtbot, window, tmp_path):
    twins = []
    for name in ("old", "new"):
        place = tmp_path / name / "vae.safetensors"
        place.parent.mkdir()
        twins.append(write_source(place, {"w": ("F16", [2, 2], bytes(8))}, {}).path)
    show(qtbot, window, *twins)
    assert picked(window) == [str(Path("old/vae.safetensors")), str(Path("new/vae.safetensors"))]
    window.session.close_file(window.session.documents[0])
    qtbot.waitUntil(lambda: picked(window) == ["", "vae.safetensors"])


def test_two_dropped_files_are_compared_by_their_headers_at_once(qtbot, window, folder):
    show(qtbot, window, folder / "whole.safetensors", folder / "small_vae.safetensors")
    assert picked(window) == ["whole.safetensors", "small_vae.safetensors"]
    assert said(window, "compareVerdict").startswith("248 tensors are in both files")
    assert said(window, "compareMore") == "Only A has the diffusion model and CLIP-L."
    assert "only A 882" in named(window, "compareCounts").full_text
    assert "other type 248" in named(window, "compareCounts").full_text
    assert named(window, "compareTable").model().rowCount() == 1130
    assert window.session.empty  # nothing went into the recipe


def test_two_files_that_are_open_are_compared_on_the_first_visit(qtbot, window, folder):
    window.sources.add((folder / "vae.safetensors", folder / "small_vae.safetensors"))
    qtbot.waitUntil(lambda: len(window.session.documents) == 2)
    show(qtbot, window)
    qtbot.waitUntil(lambda: ready(window))
    assert picked(window) == ["vae.safetensors", "small_vae.safetensors"]


def test_a_file_is_browsed_for_and_one_is_chosen_from_the_open_ones(
    qtbot, window, folder, monkeypatch
):
    show(qtbot, window, folder / "vae.safetensors", folder / "small_vae.safetensors")
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


def test_a_file_that_is_no_model_is_refused_and_what_was_shown_stays(qtbot, window, folder):
    show(qtbot, window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    drop(named(window, "compareSideA"), folder / "page.safetensors")
    qtbot.waitUntil(window.banner.isVisible)
    assert picked(window) == ["vae.safetensors", "small_vae.safetensors"]
    assert named(window, "compareTable").isVisible()


def test_a_closed_file_leaves_its_side(qtbot, window, folder):
    show(qtbot, window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    window.session.close_file(window.session.documents[1])
    assert picked(window) == ["vae.safetensors", ""]
    assert named(window, "compareNote").isVisible()


def test_words_and_buttons_and_parts_narrow_the_table(qtbot, window, folder):
    show(qtbot, window, folder / "whole.safetensors", folder / "small_vae.safetensors")
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


def test_metadata_differences_open_with_escaped_values(qtbot, window, tmp_path):
    a = write_source(
        tmp_path / "a.safetensors", {"t": ("F16", [1], b"\0\0")}, {"k": "1", "x": "\u202ey"}
    )
    b = write_source(tmp_path / "b.safetensors", {"t": ("F16", [1], b"\0\0")}, {"k": "2\n3"})
    show(qtbot, window, a.path, b.path)
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


def test_an_export_that_cannot_be_written_is_said(qtbot, window, folder, monkeypatch):
    show(qtbot, window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    path = folder / "no" / "vae.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    press(window, "compareExport")
    qtbot.waitUntil(window.banner.isVisible)
    assert "vae.csv" in window.banner.message.what


def test_an_export_replaces_no_file_that_nobody_was_asked_about(qtbot, window, folder, monkeypatch):
    show(qtbot, window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    there = folder / "vae.csv"
    there.write_text("mine", encoding="utf-8")
    typed = iter([str(folder / "vae"), ""])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (next(typed), ""))
    in_dialog("replaceQuestion", lambda box: box.reject())
    press(window, "compareExport")
    assert next(typed, None) is None
    assert there.read_text(encoding="utf-8") == "mine"


def test_two_models_of_a_folder_are_chosen_from_a_list(qtbot, window, tmp_path):
    (tmp_path / "models").mkdir()
    for name in ("one", "two", "three"):
        data = np.zeros(16, "<f2").tobytes()
        write_source(tmp_path / "models" / f"{name}.safetensors", {"w": ("F16", [4, 4], data)}, {})
    show(qtbot, window)

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


@pytest.mark.parametrize("width", [1024, 1600])
def test_the_keys_have_room_at_any_width(qtbot, window, folder, width):
    window.resize(width, 640)
    show(qtbot, window, folder / "vae.safetensors", folder / "small_vae.safetensors")
    table = named(window, "compareTable", QTableView)
    qtbot.waitUntil(lambda: table.columnWidth(0) > 200)
    assert table.isColumnHidden(3) is (width == 1024)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ("clip_l vae", "The files have no tensors of one shape in common."),
        ("vae small_vae", "The files have no diffusion model in common, which a LoRA is for."),
        ("unet whole", ""),
    ],
)
def test_a_lora_is_only_offered_where_there_can_be_one(qtbot, window, folder, names, reason):
    show(qtbot, window, *(folder / f"{name}.safetensors" for name in names.split()))
    button = named(window, "compareLora", QAbstractButton)
    assert button.isEnabled() is not bool(reason)
    assert button.toolTip() == (reason or "What B has learned, as a LoRA for A")


def test_columns_of_numbers_have_their_titles_above_them_and_shapes_have_room(
    qtbot, window, folder
):
    show(qtbot, window, folder / "whole.safetensors", folder / "small_vae.safetensors")
    table = named(window, "compareTable", QTableView)
    model, columns = table.model(), list(Column)
    for wanted in (Column.RELATIVE, Column.COSINE, Column.LARGEST):
        place = columns.index(wanted)
        aligned = Qt.ItemDataRole.TextAlignmentRole
        title = model.headerData(place, Qt.Orientation.Horizontal, aligned)
        assert title == model.index(0, place).data(aligned)
    text = table.fontMetrics().horizontalAdvance("1280 × 1280 × 3 × 3")
    assert table.columnWidth(columns.index(Column.SHAPE)) > text
