"""Hashes in the Details dock: of every file of a model, remembered, held against the metadata."""

import hashlib
import json

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from safetensors.numpy import save_file

from ckpt_studio.engine import HashCache
from tests.gui.acting import click, named, settled, wait_for_plan
from tests.gui.test_folders_and_shards import shards


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def look(window, qtbot):
    """Show files one after the other beside the details."""
    window.actions_.details.setChecked(True)

    def look_at(path):
        before = len(window.session.documents)
        window.sources.look_at((path,))
        qtbot.waitUntil(lambda: settled(window) and len(window.session.documents) > before)
        assert window.session.current.path == path
        return window

    return look_at


def model(path, metadata=None, value=1):
    save_file({"w": np.full(64, value, np.float32)}, path, metadata)
    return path


def lines(window, name="detailsSHA256"):
    found = window.findChildren(QLabel, name)
    return [each.toolTip() or each.text() for each in found if each.isVisible()]


def taken(qtbot, window, count=1):
    click(window, "detailsHash")
    qtbot.waitUntil(lambda: len(lines(window)) == count, timeout=20_000)
    return lines(window)


def test_the_hashes_of_an_index_are_those_of_its_shards(look, qtbot, tmp_path):
    files = shards(tmp_path, count=2)
    window = look(tmp_path / "model.safetensors.index.json")
    assert taken(qtbot, window, 2) == [sha256(file) for file in files]
    click(window, "detailsCopyHashes")
    copied = QGuiApplication.clipboard().text()
    assert f"{files[1].name}\nSHA-256: {sha256(files[1])}" in copied


def test_the_hashes_of_a_folder_are_those_of_its_files(look, qtbot, tmp_path):
    part = tmp_path / "whole" / "vae"
    part.mkdir(parents=True)
    about = {"_class_name": "StableDiffusionPipeline", "vae": ["diffusers", "AutoencoderKL"]}
    (tmp_path / "whole" / "model_index.json").write_text(json.dumps(about))
    (part / "config.json").write_text("{}")
    file = model(part / "diffusion_pytorch_model.safetensors")
    window = look(tmp_path / "whole")
    assert taken(qtbot, window) == [sha256(file)]


def test_a_stored_hash_that_is_wrong_is_shown_as_wrong(look, qtbot, tmp_path):
    true = HashCache().take(model(tmp_path / "same.safetensors")).data_sha256
    stored = {"sshs_model_hash": "00" * 32, "modelspec.hash_sha256": f"0x{true}"}
    window = look(model(tmp_path / "model.safetensors", stored))
    taken(qtbot, window)
    said = {each.text(): each for each in window.findChildren(QLabel, "detailsStoredHash")}
    wrong = (
        "sshs_model_hash in the metadata is wrong: "
        f"it says 00000000…0000, but it is {true[:8]}…{true[-4:]}."
    )
    assert set(said) == {wrong, "modelspec.hash_sha256 in the metadata is right."}
    assert said[wrong].property("role") == "bad"
    assert true in said[wrong].toolTip()


def test_hashes_stay_when_other_files_are_opened_and_closed(look, qtbot, tmp_path):
    first, second = model(tmp_path / "a.safetensors"), model(tmp_path / "b.safetensors", value=2)
    window = look(first)
    (kept,) = taken(qtbot, window)
    one = window.session.current
    look(second)
    assert named(window, "detailsHash", QPushButton).isVisible()
    window.session.show_document(one)
    qtbot.waitUntil(lambda: lines(window) == [kept])
    window.session.close_file(window.session.documents[1])
    assert lines(window) == [kept]


def test_hashes_that_were_taken_before_are_shown_at_once(look, qtbot, tmp_path):
    path = model(tmp_path / "a.safetensors")
    known = HashCache().take(path)
    window = look(path)
    qtbot.waitUntil(lambda: lines(window) == [known.sha256])


def test_hashes_of_a_file_that_changed_are_forgotten(look, qtbot, tmp_path):
    path = model(tmp_path / "a.safetensors")
    window = look(path)
    taken(qtbot, window)
    model(path, value=2)
    window.sources.look_at((path,))
    qtbot.waitUntil(lambda: lines(window) == [])
    assert taken(qtbot, window) == [sha256(path)]


def test_a_new_checkpoint_leads_to_the_files_it_is_made_of(open_window, qtbot, folder):
    window = open_window(folder / "whole.safetensors")
    window.actions_.details.setChecked(True)
    wait_for_plan(qtbot, window)
    assert window.session.current is window.session.new_checkpoint
    assert not named(window, "detailsHash", QPushButton).isVisible()
    link = named(window.findChild(QWidget, "detailsPanel"), "sourceLink", QPushButton)
    assert link.text() == "whole.safetensors"
    QTest.mouseClick(link, Qt.MouseButton.LeftButton)
    assert window.session.current is window.session.documents[0]
    assert named(window, "detailsHash", QPushButton).isVisible()
    assert not link.isVisible()
