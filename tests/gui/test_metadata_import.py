"""Importing from pictures, videos, texts and other models, used as a person uses it."""

import json
import struct

import pytest
from PySide6.QtCore import QByteArray, QMimeData, Qt, QUrl
from PySide6.QtGui import QAction, QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QTreeWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.main_window import METADATA
from ckpt_studio.app.panels.metadata import MetadataPanel
from ckpt_studio.app.panels.metadata_table import MetadataTable
from tests.gui.acting import drop, in_dialog
from tests.gui.opened import opened_file
from tests.making import media
from tests.making.pictures import SIGNATURE, chunk, png, text, tiff

WORKFLOW = json.dumps({"nodes": [], "links": [], "version": 0.4})
PROMPT = json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": 5}}})


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "made.png"
    path.write_bytes(png(text("workflow", WORKFLOW), text("prompt", PROMPT)))
    return path


@pytest.fixture
def document(qtbot):
    return Document("model", opened_file(metadata={"prompt": "old", "kept": "1"}))


@pytest.fixture
def panel(qtbot, document, own_settings):
    panel = MetadataPanel()
    qtbot.addWidget(panel)
    panel.show_document(document)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def items(dialog):
    tree = dialog.findChild(QTreeWidget, "importProposals")
    return {
        tree.topLevelItem(row).text(0): tree.topLevelItem(row)
        for row in range(tree.topLevelItemCount())
    }


def press(dialog, name):
    button = dialog.findChild(QPushButton, name)
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def when_read(qtbot, act):
    def look(dialog):
        about = dialog.findChild(QLabel, "importAbout")
        qtbot.waitUntil(lambda: about.text() != "Reading…")
        act(dialog)

    in_dialog("importDialog", look)


def test_ticked_keys_of_a_picture_are_taken_over_in_one_step(qtbot, panel, document, picture):
    def act(dialog):
        found = items(dialog)
        assert found["prompt"].text(1) == "old"
        assert dialog.findChild(QPushButton, "importTake").property("role") == "primary"
        assert found["modelspec.thumbnail"].checkState(0) is Qt.CheckState.Checked
        found["modelspec.thumbnail"].setCheckState(0, Qt.CheckState.Unchecked)
        press(dialog, "importTake")

    when_read(qtbot, act)
    panel.import_from(picture)
    assert json.loads(document.metadata["prompt"]) == json.loads(PROMPT)
    assert json.loads(document.metadata["workflow"]) == json.loads(WORKFLOW)
    assert "modelspec.thumbnail" not in document.metadata
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert document.metadata == {"prompt": "old", "kept": "1"}


def test_the_picture_becomes_the_thumbnail(qtbot, panel, document, tmp_path):
    path = tmp_path / "plain.png"
    image = QImage(30, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("green"))
    assert image.save(str(path))

    def act(dialog):
        about = dialog.findChild(QLabel, "importAbout").text()
        assert "PNG 30 × 20" in about
        assert "says nothing about how it was made" in about
        press(dialog, "importTake")

    when_read(qtbot, act)
    panel.import_from(path)
    assert document.metadata["modelspec.thumbnail"].startswith("data:image/jpeg;base64,")


def test_an_animation_of_comfyui_becomes_the_thumbnail(qtbot, panel, document, tmp_path):
    path = tmp_path / "moving.png"
    path.write_bytes(png(after=[text("prompt", PROMPT, name=b"comf")]))
    when_read(qtbot, lambda dialog: press(dialog, "importTake"))
    panel.import_from(path)
    assert document.metadata.keys() == {"prompt", "kept", "modelspec.thumbnail"}


def test_why_a_picture_cannot_be_the_thumbnail_is_told(qtbot, panel, tmp_path):
    path = tmp_path / "huge.png"
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 6, 0, 0, 0)
    path.write_bytes(SIGNATURE + chunk(b"IHDR", header) + text("prompt", PROMPT))
    told = []

    def act(dialog):
        told.append(dialog.findChild(QLabel, "importAbout").text())
        assert "modelspec.thumbnail" not in items(dialog)
        press(dialog, "importCancel")

    when_read(qtbot, act)
    panel.import_from(path)
    assert "cannot be the thumbnail" in told[0]


def test_cancel_changes_nothing(qtbot, panel, document, picture):
    when_read(qtbot, lambda dialog: press(dialog, "importCancel"))
    panel.import_from(picture)
    assert not document.undo_stack.canUndo()


def test_what_cannot_be_read_is_told_in_the_dialog(qtbot, panel, document, tmp_path):
    path = tmp_path / "broken.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    told = []

    def act(dialog):
        told.append(dialog.findChild(QLabel, "importAbout").text())
        assert not dialog.findChild(QPushButton, "importTake").isEnabled()
        press(dialog, "importCancel")

    when_read(qtbot, act)
    panel.import_from(path)
    assert "corrupt" in told[0]
    assert "0 × 0" not in told[0]


def test_a_file_that_is_gone_is_told_in_the_dialog(qtbot, panel, document, tmp_path):
    told = []

    def act(dialog):
        told.append(dialog.findChild(QLabel, "importAbout").text())
        press(dialog, "importCancel")

    when_read(qtbot, act)
    panel.import_from(tmp_path / "gone.png")
    assert "gone.png" in told[0]


@pytest.mark.parametrize("copied", ["file", "picture"])
def test_a_copied_picture_is_imported(qtbot, panel, document, picture, copied):
    data = QMimeData()
    if copied == "file":
        data.setUrls([QUrl.fromLocalFile(str(picture))])
    else:
        data.setData("image/png", QByteArray(picture.read_bytes()))
    QGuiApplication.clipboard().setMimeData(data)
    when_read(qtbot, lambda dialog: press(dialog, "importTake"))
    panel.keys.table.setFocus()
    qtbot.keyClick(panel.keys.table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert json.loads(document.metadata["workflow"]) == json.loads(WORKFLOW)


def test_a_file_is_chosen_and_its_folder_remembered(qtbot, panel, document, picture, monkeypatch):
    started = []

    def choose(_parent, _title, folder, _filters):
        started.append(folder)
        return str(picture), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    for _ in range(2):
        when_read(qtbot, lambda dialog: press(dialog, "importCancel"))
        panel.findChild(QAction, "metadataImportFile").trigger()
    assert started == ["", str(picture.parent)]


def test_nothing_on_the_clipboard_is_told(panel):
    QGuiApplication.clipboard().setText("text")
    panel.findChild(QAction, "metadataImportPasted").trigger()
    assert "nothing on the clipboard" in panel.findChild(QLabel, "metadataNotice").text()


def test_a_picture_dropped_on_the_window_goes_to_the_metadata(qtbot, window, picture):
    when_read(qtbot, lambda dialog: press(dialog, "importTake"))
    drop(window, picture)
    assert "workflow" in window.session.new_checkpoint.metadata
    assert window.session.documents == ()


def take_the_others(qtbot, window):
    """Take over what the banner offers, one file after the other."""
    document = window.session.new_checkpoint
    for name in ("second", "third"):
        assert name not in document.metadata
        when_read(qtbot, lambda dialog: press(dialog, "importTake"))
        window.banner.findChild(QPushButton, "problemAction").click()
        assert name in document.metadata
    assert window.banner.isHidden()


def test_several_pictures_are_offered_one_after_the_other(qtbot, window, picture, tmp_path):
    second, third = tmp_path / "second.png", tmp_path / "third.png"
    for path in (second, third):
        path.write_bytes(png(text(path.stem, "{}"), text("prompt", PROMPT)))
    metadata = window.session.new_checkpoint
    when_read(qtbot, lambda dialog: press(dialog, "importTake"))
    drop(window, picture, second, third)
    assert "workflow" in metadata.metadata
    assert "2 files left" in window.banner.message.what
    assert "second.png" in window.banner.message.todo
    take_the_others(qtbot, window)


GRAPHS = {"workflow": WORKFLOW, "prompt": PROMPT}
EXIF = tiff([(0x010F, 2, f"workflow:{WORKFLOW}\0".encode())])
MEDIA = {
    "made.mp4": (media.mp4(media.mdta(GRAPHS)), "MP4 64 × 48", "not its frames"),
    "made.WEBM": (media.mkv(media.tags(GRAPHS)), "WEBM 64 × 48", "not its frames"),
    "made.flac": (media.flac(GRAPHS), "FLAC", "a sound has no picture"),
    "made.heic": (media.avif(EXIF, brand=b"heic"), "HEIC 20 × 30", "HEIC cannot be drawn here"),
    "made.svg": (media.svg(f'{{"workflow": {WORKFLOW}}}'), "SVG", "SVG cannot be drawn here"),
}


@pytest.mark.parametrize("name", MEDIA)
def test_a_video_or_sound_dropped_on_the_window_goes_to_the_metadata(qtbot, window, tmp_path, name):
    path, told = tmp_path / name, []
    data, kind, why = MEDIA[name]
    path.write_bytes(data)

    def act(dialog):
        told.append(dialog.findChild(QLabel, "importAbout").text())
        assert "modelspec.thumbnail" not in items(dialog)
        press(dialog, "importTake")

    when_read(qtbot, act)
    drop(window, path)
    metadata = window.session.new_checkpoint.metadata
    assert json.loads(metadata["workflow"]) == json.loads(WORKFLOW)
    assert told[0].startswith(kind)
    assert f"It cannot be the thumbnail: {why}" in told[0].replace("only its texts are read, ", "")
    assert window.session.documents == ()


def test_a_copied_video_is_imported_and_the_dialog_offers_such_files(
    qtbot, panel, document, tmp_path, monkeypatch
):
    path, offered = tmp_path / "made.mp4", []
    path.write_bytes(media.mp4(media.mdta(GRAPHS)))
    copied = QMimeData()
    copied.setUrls([QUrl.fromLocalFile(str(path))])
    QGuiApplication.clipboard().setMimeData(copied)
    when_read(qtbot, lambda dialog: press(dialog, "importTake"))
    panel.findChild(QAction, "metadataImportPasted").trigger()
    assert json.loads(document.metadata["workflow"]) == json.loads(WORKFLOW)

    def choose(_parent, _title, _folder, filters):
        offered.append(filters)
        return "", ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    panel.findChild(QAction, "metadataImportFile").trigger()
    assert all(f"*{one}" in offered[0] for one in (".mp4", ".webm", ".flac", ".avif", ".png"))


@pytest.mark.parametrize("by", ["key", "menu"])
def test_several_copied_pictures_are_offered_one_after_the_other(
    qtbot, window, picture, tmp_path, by
):
    second, third = tmp_path / "second.png", tmp_path / "third.png"
    for path in (second, third):
        path.write_bytes(png(text(path.stem, "{}"), text("prompt", PROMPT)))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in (picture, second, third)])
    QGuiApplication.clipboard().setMimeData(data)
    window.show_panel(METADATA)
    metadata = window.session.new_checkpoint
    when_read(qtbot, lambda dialog: press(dialog, "importTake"))
    if by == "key":
        table = window.findChild(MetadataTable)
        table.setFocus()
        qtbot.keyClick(table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    else:
        window.findChild(QAction, "metadataImportPasted").trigger()
    assert "workflow" in metadata.metadata
    assert "2 files left" in window.banner.message.what
    take_the_others(qtbot, window)
