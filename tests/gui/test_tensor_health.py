"""The health of a file on the Tensors panel: found, shown, mended."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLineEdit, QPushButton, QWidget

from ckpt_studio.app.main_window import TENSORS
from ckpt_studio.app.panels.finding_row import FindingRow
from ckpt_studio.core.fixes import Fix
from ckpt_studio.core.health import Finding
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.core.problems import note, warning
from ckpt_studio.core.recipe import Precision
from ckpt_studio.engine import open_checkpoint
from tests.gui.acting import drop, in_dialog, named, wait_for_plan
from tests.gui.looking import keys, look_at, press, sick


@pytest.fixture
def panel(qtbot, window, tmp_path):
    return look_at(qtbot, window, sick(tmp_path / "sick.safetensors"))


def verdict(panel):
    return named(panel, "healthVerdict").full_text


def rows(panel):
    return panel.health.findChildren(FindingRow)


def codes(panel):
    return [row.finding.problem.code for row in rows(panel)]


def look_over(qtbot, panel):
    press(panel, "tensorHealth")
    qtbot.waitUntil(lambda: bool(verdict(panel)))
    qtbot.waitUntil(lambda: named(panel, "healthCheck").isVisible())


def check_all(qtbot, panel):
    look_over(qtbot, panel)
    press(panel, "healthCheck")
    qtbot.waitUntil(lambda: not named(panel, "healthCheck").isVisible(), timeout=30_000)


def row_of(panel, code):
    return rows(panel)[codes(panel).index(code)]


def test_the_header_tells_at_once(qtbot, window, panel):
    look_over(qtbot, panel)
    assert set(codes(panel)) == {"position-ids", "position-ids-type", "leftovers"}
    assert verdict(panel) == "2 warnings and 1 note"
    assert named(panel, "healthCheck").text() == "Read all values (707 KiB)"
    assert window.jobs.records == ()


def test_everything_is_checked_as_a_job_the_worst_first(qtbot, window, panel):
    check_all(qtbot, panel)
    assert codes(panel)[0] == "invalid-values"
    assert {"duplicates", "all-zero", "too-large:fp16", "wrong-hash:sshs_model_hash"} < set(
        codes(panel)
    )
    assert len(window.jobs.records) == 1
    press(panel, "healthClose")
    press(panel, "tensorHealth")
    qtbot.waitUntil(lambda: codes(panel)[:1] == ["invalid-values"])
    press(panel, "healthCopy")
    assert QGuiApplication.clipboard().text().startswith("error: bad.weight holds invalid numbers")


def test_what_the_check_read_is_known_to_the_values(qtbot, window, panel):
    check_all(qtbot, panel)
    press(panel, "tensorValues")
    qtbot.waitUntil(lambda: named(panel, "valueRead").text() == "Show their values")
    assert not panel.health.isVisible()


def test_show_narrows_the_table_to_the_tensors(qtbot, panel):
    check_all(qtbot, panel)
    row = row_of(panel, "duplicates")
    show = row.findChildren(QPushButton)[0]
    qtbot.waitUntil(show.isVisible)
    QTest.mouseClick(show, Qt.MouseButton.LeftButton)
    assert keys(panel) == ["layer.weight", "same.weight"]
    QTest.keyClick(panel.filters.field, Qt.Key.Key_Escape)
    assert len(keys(panel)) == 7


def tick_only(panel, *wanted):
    for row in rows(panel):
        for box in row.findChildren(QCheckBox):
            box.setChecked(row.finding.problem.code in wanted)


def test_ticked_fixes_become_one_copy(qtbot, window, panel, tmp_path):
    check_all(qtbot, panel)
    assert not row_of(panel, "too-large:fp16").chosen
    tick_only(panel, "leftovers", "position-ids", "wrong-hash:sshs_model_hash")
    assert named(panel, "healthFix").text() == "Save with 3 fixes…"
    seen = []

    def save(dialog):
        seen.append(named(dialog, "repairPath", QLineEdit).text())
        QTest.mouseClick(named(dialog, "planSave", QPushButton), Qt.MouseButton.LeftButton)

    in_dialog("savePlan", save)
    press(panel, "healthFix")
    out = tmp_path / "sick_fixed.safetensors"
    qtbot.waitUntil(lambda: window.banner.message.what == f"{out.name} was saved.", timeout=30_000)
    assert seen == [str(out)]
    found = open_checkpoint(out).checkpoint
    assert "betas" not in found.tensors
    assert found.tensors["te.position_ids"].dtype.label == "I64"
    assert "sshs_model_hash" not in found.metadata
    QTest.mouseClick(named(window, "problemAction", QPushButton), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.current.path == out)
    qtbot.waitUntil(lambda: verdict(panel) == "The header is fine")


def test_unsaved_edits_go_into_the_copy_and_stay_unsaved(qtbot, window, panel, tmp_path):
    document = window.session.current
    document.edit(SetValue("title", "Mine"))
    look_over(qtbot, panel)
    tick_only(panel, "leftovers")
    told = []

    def save(dialog):
        told.append(named(dialog, "repairEdits").full_text)
        QTest.mouseClick(named(dialog, "planSave", QPushButton), Qt.MouseButton.LeftButton)

    in_dialog("savePlan", save)
    press(panel, "healthFix")
    out = tmp_path / "sick_fixed.safetensors"
    qtbot.waitUntil(lambda: window.banner.message.what == f"{out.name} was saved.")
    assert told == ["Your unsaved edits go into the copy; they stay unsaved in this file."]
    found = open_checkpoint(out).checkpoint
    assert "betas" not in found.tensors
    assert found.metadata["title"] == "Mine"
    assert document in window.session.unsaved


def test_without_a_tick_nothing_is_to_be_fixed(qtbot, panel):
    look_over(qtbot, panel)
    tick_only(panel)
    assert not named(panel, "healthFix").isEnabled()


def test_a_file_that_changed_is_told(qtbot, panel, tmp_path):
    sick(tmp_path / "sick.safetensors")
    press(panel, "tensorHealth")
    qtbot.waitUntil(lambda: "changed" in verdict(panel))


def test_a_check_is_cancelled_in_the_pane(qtbot, window, tmp_path):
    def take_for_ever(checkpoint, names, found, progress, cancel):
        while True:
            cancel.raise_if_cancelled()

    path = sick(tmp_path / "sick.safetensors")
    panel = look_at(qtbot, window, path, statistics=take_for_ever)
    look_over(qtbot, panel)
    press(panel, "healthCheck")
    qtbot.waitUntil(lambda: named(panel, "healthCancel").isVisible())
    press(panel, "healthCancel")
    qtbot.waitUntil(lambda: named(panel, "healthCheck").isEnabled())
    assert set(codes(panel)) == {"position-ids", "position-ids-type", "leftovers"}


def test_fixes_of_a_new_checkpoint_go_into_its_recipe(qtbot, window, parts):
    weight = "encoder.conv_in.weight"
    too_large = Finding(
        note("1 value is too large.", code="too-large:fp16", names=(weight,)),
        Fix("Convert to bf16", precision={"vae": Precision.BF16}),
    )
    elsewhere = Finding(warning("Nobody takes this.", code="other", names=("no.such",)))

    def over(opened):
        return (elsewhere, too_large) if "vae" in opened.checkpoint.path.name else ()

    drop(window, *parts)
    wait_for_plan(qtbot, window)
    panel = look_at(qtbot, window, parts[2], look_over=over)
    window.session.show_document(window.session.new_checkpoint)
    look_over(qtbot, panel)
    qtbot.waitUntil(lambda: codes(panel) == ["too-large:fp16"])
    row = row_of(panel, "too-large:fp16")
    assert row.accessibleName() == "note: 1 value is too large."
    box = row.findChildren(QCheckBox)[0]
    assert not box.isChecked()
    box.setChecked(True)
    assert named(panel, "healthFix").text() == "Fix in the new checkpoint"
    press(panel, "healthFix")
    assert window.session.recipe.precision["vae"] is Precision.BF16
    window.session.undo_stack.undo()
    assert "vae" not in window.session.recipe.precision
    wait_for_plan(qtbot, window)


def test_why_a_check_failed_is_said_in_sentences(qtbot, window, tmp_path):
    path = sick(tmp_path / "gone.safetensors")
    panel = look_at(qtbot, window, path)
    look_over(qtbot, panel)
    path.unlink()
    press(panel, "healthCheck")
    qtbot.waitUntil(lambda: "no longer there" in verdict(panel))
    assert "no longer there. " in verdict(panel)


def test_the_check_of_a_new_checkpoint_leads_to_its_sources(qtbot, window, folder):
    drop(window, folder / "whole.safetensors")
    wait_for_plan(qtbot, window)
    window.show_panel(TENSORS)
    panel = window.findChild(QWidget, "tensorsPanel")
    qtbot.waitUntil(named(panel, "tensorHealth").isEnabled)
    look_over(qtbot, panel)
    link = named(panel, "sourceLink", QPushButton)
    assert link.accessibleName() == "Look at the file itself: whole.safetensors"
    QTest.mouseClick(link, Qt.MouseButton.LeftButton)
    assert window.session.current is window.session.documents[0]
    assert not link.isVisible()


def test_the_menu_of_a_tensor_that_is_only_planned_leads_to_its_sources(qtbot, window, folder):
    drop(window, folder / "whole.safetensors")
    wait_for_plan(qtbot, window)
    window.show_panel(TENSORS)
    panel = window.findChild(QWidget, "tensorsPanel")
    qtbot.waitUntil(lambda: panel.table.model().rowCount() > 0)
    panel.table.selectRow(0)
    panel.table.customContextMenuRequested.emit(QPoint(5, 5))
    (look,) = panel.findChildren(QAction, "lookAtSource")
    look.trigger()
    assert window.session.current is window.session.documents[0]
