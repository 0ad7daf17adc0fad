"""Whatever is done to metadata in any view: undo brings the original back, redo the result."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QToolButton,
)

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.metadata import MetadataPanel
from ckpt_studio.app.panels.metadata_switch import MetadataView
from tests.gui.opened import opened_file
from tests.making.pictures import png
from tests.making.pictures import text as png_text

ORIGINAL = {
    "title": "One",
    "config": "{}",
    "modelspec.title": "Model",
    "prompt": '{"3": {"class_type": "KSampler", "inputs": {"file": "/home/ana/x.safetensors"}}}',
    "note": "mail ana@example.org",
    "lines": "a\r\nb",
}
keys = st.sampled_from((*ORIGINAL, "new", "other key", "é"))
short = st.text('ab {}[]":,1', min_size=1, max_size=6)


class Acts:
    """What a person can do in the panel; each leaves it ready for the next."""

    def __init__(self, panel, document, folder):
        self.panel, self.document, self.folder = panel, document, folder

    def at(self, key):
        self.panel.show_view(MetadataView.TABLE)
        self.panel.keys.table.select_keys([key] if key in self.document.metadata else [])
        return key in self.document.metadata

    def field(self, name, kind=QLineEdit):
        return self.panel.findChild(kind, name)

    def type_value(self, key, value):
        if self.at(key):
            self.panel.keys.value.focus_value()
            field = self.panel.keys.editor.edit
            if not field.isReadOnly():
                field.selectAll()
                QTest.keyClicks(field, value)
        answering()
        self.panel.finish_editing()

    def add(self, key, value):
        self.panel.show_view(MetadataView.TABLE)
        QTest.mouseClick(self.field("metadataAdd", QToolButton), Qt.MouseButton.LeftButton)
        self.field("metadataKey").setText(key)
        QTest.keyClick(self.field("metadataKey"), Qt.Key.Key_Return)
        if key not in self.document.metadata:
            QTest.keyClicks(self.panel.keys.editor.edit, value)
        self.panel.finish_editing()
        self.panel.keys.key_bar.hide()

    def rename(self, key, value):
        if self.at(key):
            answering()
            QTest.mouseClick(self.field("metadataRename", QToolButton), Qt.MouseButton.LeftButton)
            self.field("metadataKey").setText(value)
            QTest.keyClick(self.field("metadataKey"), Qt.Key.Key_Return)
            self.panel.keys.key_bar.hide()

    def remove(self, key, _value):
        if self.at(key):
            answering()
            self.panel.keys.remove_selected()

    def paste(self, key, value):
        self.panel.show_view(MetadataView.TABLE)
        QGuiApplication.clipboard().setText(json.dumps({key: value, "pasted": key}))
        answering()
        self.panel.keys.paste()

    def replace(self, _key, value):
        self.panel.show_view(MetadataView.TABLE)
        self.panel.keys.start_finding()
        self.field("metadataFind").setText("a")
        self.field("metadataReplacement").setText(value)
        answering()
        QTest.mouseClick(self.field("metadataReplaceAll", QPushButton), Qt.MouseButton.LeftButton)

    def form(self, _key, value):
        self.panel.show_view(MetadataView.FORM)
        field = self.field("formTitle")
        field.selectAll()
        QTest.keyClicks(field, value)

    def choose(self, _key, value):
        self.panel.show_view(MetadataView.FORM)
        box = self.field("choicesResolution", QComboBox)
        box.activated.emit(len(value) % box.count())

    def json(self, key, value):
        self.panel.show_view(MetadataView.JSON)
        edit = self.panel.json.edit
        said = json.loads(edit.toPlainText() or "{}")
        said = {key: value, **{k: v for k, v in said.items() if k != "title"}}
        edit.selectAll()
        edit.insertPlainText(json.dumps(said, indent=2))
        answering()
        self.panel.finish_editing()

    def fill_in(self, _key, _value):
        self.field("metadataTemplates", QToolButton).menu().aboutToShow.emit()
        self.field("metadataKnown", QAction).trigger()

    def clean(self, _key, _value):
        def look(dialog):
            wait(lambda: not dialog.findChild(QLabel, "cleanHead").text().startswith("Looking"))
            button = dialog.findChild(QPushButton, "cleanButton")
            button.click() if button.isEnabled() else dialog.reject()

        in_next_dialog(look)
        self.field("metadataClean", QAction).trigger()

    def bring_in(self, key, value):
        path = self.folder / "made.png"
        path.write_bytes(png(png_text("parameters", f"{value}\nSteps: 20, Seed: 1, {key}: 3")))

        def look(dialog):
            wait(lambda: dialog.findChild(QLabel, "importAbout").text() != "Reading…")
            button = dialog.findChild(QPushButton, "importTake")
            button.click() if button.isEnabled() else dialog.reject()

        in_next_dialog(look)
        self.panel.import_from(path)

    def undo(self, _key, _value):
        self.document.undo_stack.undo()

    def redo(self, _key, _value):
        self.document.undo_stack.redo()


NAMES = tuple(
    name for name in vars(Acts) if not name.startswith("_") and name not in {"at", "field"}
)
steps = st.lists(st.tuples(st.sampled_from(NAMES), keys, short), min_size=1, max_size=12)


def wait(until):
    for _ in range(2_000):
        QCoreApplication.processEvents()
        if until():
            return
        QTest.qWait(1)
    raise TimeoutError


def in_next_dialog(act, tries=200):
    def look(left=tries):
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QDialog):
            try:
                act(dialog)
            except BaseException:
                dialog.reject()
                raise
        elif left:
            QTimer.singleShot(2, lambda: look(left - 1))

    QTimer.singleShot(0, look)


def answering():
    """Say yes to a question, if one is asked at once."""

    def press():
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            accept = {QMessageBox.ButtonRole.AcceptRole, QMessageBox.ButtonRole.DestructiveRole}
            next(b for b in box.buttons() if box.buttonRole(b) in accept).click()

    QTimer.singleShot(0, press)


@pytest.fixture
def made(qtbot, own_settings, tmp_path):
    panel = MetadataPanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 800)
    panel.show()
    qtbot.waitExposed(panel)
    return SimpleNamespace(panel=panel, folder=tmp_path)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps)
def test_undo_of_any_sequence_restores_the_original_and_redo_the_result(made, sequence):
    document = Document("model", opened_file(metadata=ORIGINAL))
    made.panel.show_view(MetadataView.TABLE)
    made.panel.show_document(document)
    acts = Acts(made.panel, document, made.folder)
    for name, key, value in sequence:
        getattr(acts, name)(key, value)
        QCoreApplication.processEvents()
    made.panel.finish_editing()
    stack = document.undo_stack
    while stack.canRedo():
        stack.redo()
    result = list(document.metadata.items())
    views = (MetadataView.TABLE, MetadataView.FORM, MetadataView.JSON)
    while stack.canUndo():
        stack.undo()
        made.panel.show_view(views[stack.index() % len(views)])
    assert list(document.metadata.items()) == list(ORIGINAL.items())
    while stack.canRedo():
        stack.redo()
        made.panel.show_view(views[stack.index() % len(views)])
    made.panel.finish_editing()
    assert list(document.metadata.items()) == result
    assert not stack.canRedo()
    made.panel.show_document(None)
