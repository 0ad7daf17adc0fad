"""The Details dock, used as a person uses it."""

import hashlib

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from ckpt_studio.core.metadata import SetValue
from tests.gui.acting import named, settled, wait_for_plan


@pytest.fixture
def details(window, parts, qtbot):
    window.findChild(QAction, "actionDetails").trigger()
    window.sources.look_at((parts[2],))
    qtbot.waitUntil(lambda: settled(window) and bool(window.session.documents))
    return window


def said(window, name=""):
    labels = window.findChild(object, "detailsPanel").findChildren(QLabel, name or None)
    return [label.text() for label in labels if not label.isHidden()]


def press(window, name):
    QTest.mouseClick(named(window, name, QPushButton), Qt.MouseButton.LeftButton)


def test_the_dock_tells_what_a_file_is_and_where_it_belongs(details):
    assert "ComfyUI/models/vae" in said(details)
    assert "VAE" in said(details)
    assert any("248 tensors" in line for line in said(details))


def test_a_model_says_what_it_lacks(details, parts, qtbot):
    details.sources.look_at((parts[0],))
    qtbot.waitUntil(lambda: "CLIP-L, VAE" in said(details, "detailsLacks"))
    assert "ComfyUI/models/diffusion_models" in said(details)


def test_why_is_told_on_request(details):
    assert said(details, "detailsEvidenceText") == []
    press(details, "detailsEvidence")
    assert said(details, "detailsEvidenceText") != [""]


def test_hashes_are_taken_as_a_job_and_copied(details, parts, qtbot):
    press(details, "detailsHash")
    expected = hashlib.sha256(parts[2].read_bytes()).hexdigest()
    qtbot.waitUntil(lambda: details.findChild(QLabel, "detailsSHA256") is not None, timeout=20_000)
    press(details, "detailsCopyHashes")
    assert f"SHA-256: {expected}" in QGuiApplication.clipboard().text()
    assert not named(details, "detailsHash").isVisible()


def test_the_dock_follows_edits_after_a_pause(details, qtbot):
    (document,) = details.session.documents
    document.edit(SetValue("modelspec.title", "Followed"))
    qtbot.waitUntil(lambda: "Followed" in said(details))


def test_the_choice_to_see_it_is_remembered(details, open_window):
    action = details.findChild(QAction, "actionDetails")
    assert action.isChecked()
    assert details.settings.details
    action.trigger()
    assert not named(details, "detailsDock").isVisible()
    assert not details.settings.details


def test_a_new_checkpoint_has_the_size_of_its_tensors(window, parts, qtbot):
    window.findChild(QAction, "actionDetails").trigger()
    window.sources.add(parts)
    wait_for_plan(qtbot, window)
    qtbot.waitUntil(lambda: any("1,130 tensors" in line for line in said(window)))
    assert any(line.startswith("1.99 GiB · 1,130 tensors") for line in said(window))
