"""Metadata that somebody made to mislead or to hang: every view shows them as plain text."""

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QAbstractItemModel, QCoreApplication, QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QTreeWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.details import DetailsPanel
from ckpt_studio.app.panels.metadata import MetadataPanel
from ckpt_studio.app.panels.metadata_cleaning import CleanDialog
from ckpt_studio.app.panels.metadata_import import ImportDialog
from ckpt_studio.app.panels.metadata_readings import ReadingsDialog
from ckpt_studio.app.panels.metadata_several import SeveralDialog
from ckpt_studio.app.panels.metadata_switch import MetadataView
from ckpt_studio.app.panels.metadata_value import ValueMode
from ckpt_studio.core.editing.modelspec import FIELDS
from ckpt_studio.core.metadata import RenameKey, SetValue
from ckpt_studio.core.plain_text import deceives
from tests.gui.opened import opened_file
from tests.gui.seen_texts import assert_plain

NASTY = (
    *("\0", "\x01", "\x1b[31m", "\x7f", "\x85", "\r", "\n", "\r\n", "\t", "\u2028", "\u2029"),
    *("\u202e", "\u2066", "\u200f", "\u061c", "\ud800", "\udfff", "\ufeff", "\ufdd0", "\uffff"),
    *(
        "<b>x</b>",
        "<img src=file:///etc/passwd>",
        "&lt;",
        "%s",
        "{0}",
        "\\u202e",
        "é",
        "\U0001f600",
    ),
    *("/home/ana/x.safetensors", "ana@example.org", '"', "[", "{"),
)
nasty = st.lists(st.sampled_from(NASTY) | st.text(max_size=4), min_size=1, max_size=6).map("".join)
known_keys = st.sampled_from(
    (*(field.key for field in FIELDS), "prompt", "workflow", "parameters", "ssmd_cover_images")
)


@st.composite
def graphs(draw):
    """Graphs of either format whose every text is nasty."""
    kind, title, value = draw(nasty), draw(nasty), draw(nasty)
    if draw(st.booleans()):
        node = {"class_type": kind, "inputs": {title: value}, "_meta": {"title": title}}
        return json.dumps({draw(nasty): node})
    node = {"id": 1, "type": kind, "title": title, "pos": [1, 1], "widgets_values": [value]}
    group = {"title": draw(nasty), "bounding": [0, 0, 9, 9]}
    return json.dumps({"nodes": [node], "groups": [group]}, ensure_ascii=draw(st.booleans()))


values = nasty | graphs() | nasty.map(lambda text: f"data:image/png;base64,{text}")
metadatas = st.dictionaries(nasty | known_keys, values, min_size=1, max_size=6)
often = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def panel(qtbot, own_settings):
    panel = MetadataPanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 800)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def dispose(widget):
    widget.hide()
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@often
@given(metadatas)
def test_table_editor_form_and_json_show_plain_text_and_change_nothing(panel, metadata):
    document = Document("model", opened_file(metadata=metadata))
    panel.set_documents([document])
    panel.show_document(document)
    for key in metadata:
        panel.show_view(MetadataView.TABLE)
        panel.keys.table.select_keys([key])
        assert_plain(panel)
        panel.keys.value.focus_value()
        assert_plain(panel)
        panel.keys.copy_selected()
    for view in (MetadataView.FORM, MetadataView.JSON, MetadataView.TABLE):
        panel.show_view(view)
        assert_plain(panel)
    panel.finish_editing()
    assert list(document.metadata.items()) == list(metadata.items())
    assert document.undo_stack.count() == 0
    panel.show_document(None)


@often
@given(metadatas)
def test_dialogs_and_details_show_plain_text(qtbot, panel, tmp_path, metadata):
    source = tmp_path / "metadata.json"
    source.write_text(json.dumps(metadata))
    opened = opened_file(metadata=metadata)
    documents = [Document("a\u202eb", opened), Document("<b>c", opened)]
    importing = ImportDialog(source, {}, panel)
    cleaning = CleanDialog(metadata, panel)
    details = DetailsPanel()
    several = SeveralDialog(documents, panel)
    for widget in (importing, cleaning, details, several):
        widget.show()
    details.show_document(documents[0])
    head = cleaning.findChild(QLabel, "cleanHead")
    about = importing.findChild(QLabel, "importAbout")
    qtbot.waitUntil(lambda: about.text() != "Reading…" and not head.text().startswith("Looking"))
    proposals = importing.findChild(QTreeWidget, "importProposals")
    for row in range(proposals.topLevelItemCount()):
        proposals.setCurrentItem(proposals.topLevelItem(row))
        assert_plain(importing)
    readings = ReadingsDialog(metadata, 5_000, panel)
    for widget in (importing, cleaning, details, several, readings):
        assert_plain(widget)
        dispose(widget)


@often
@given(nasty, nasty)
def test_names_of_edits_are_plain_in_the_menu(key, value):
    document = Document("model", opened_file(metadata={"a": "1"}))
    for edit in (SetValue(key, value), RenameKey("a", key + "2")):
        try:
            document.edit(edit)
        except ValueError:
            continue  # half of a surrogate pair cannot be stored
        text = document.undo_stack.undoText()
        assert not deceives(text), text
        assert len(text) < 100


def slowest(act, qtbot, until):
    """Return the seconds of work until something was done, and those of the longest turn."""
    started = last = time.thread_time()
    longest = 0.0
    act()
    while not until():
        QCoreApplication.processEvents()
        now = time.thread_time()
        longest, last = max(longest, now - last), now
        assert now - started < 60
    return time.thread_time() - started, longest


LONG = {
    "line": "x" * 10_000_000,
    "lines": "some words\n" * 900_000,
    "wide": "é\U0001f600" * 2_000_000,
    "json": json.dumps({"a": list(range(1_200_000))}),
    "broken": '{"nodes": [' + "1," * 4_000_000,
    "deep": "[" * 1_000_000,
    "graph": json.dumps({"nodes": [{"id": n, "type": "X" * 200} for n in range(30_000)]}),
    "modelspec.title": "T" * 10_000_000,
    "modelspec.description": "words " * 1_600_000,
    "modelspec.thumbnail": "data:image/png;base64," + "A" * 10_000_000,
}


@pytest.mark.parametrize("key", LONG)
def test_ten_megabytes_are_opened_while_the_window_answers(qtbot, panel, key):
    document = Document("model", opened_file(metadata={"title": "One", key: LONG[key]}))
    panel.show_document(document)
    panel.keys.table.select_keys([key])
    value = panel.keys.value
    qtbot.waitUntil(lambda: not value.busy, timeout=30_000)
    value.focus_value()
    assert value.mode is ValueMode.TEXT
    load = panel.findChild(object, "metadataLoad")
    _, longest = slowest(load.click, qtbot, lambda: not value.busy)
    assert longest < 2, "the window hung"
    for view in (MetadataView.FORM, MetadataView.JSON):
        seconds, _ = slowest(lambda view=view: panel.show_view(view), qtbot, lambda: True)
        assert seconds < 5
    assert document.metadata[key] == LONG[key]
    assert document.undo_stack.count() == 0


def seen(act):
    """Do something and let it be drawn."""
    act()
    QCoreApplication.processEvents()


def test_fifty_thousand_keys_are_shown_selected_removed_and_pasted(qtbot, panel):
    metadata = {f"key{n}": f"value {n}" for n in range(50_000)}
    document = Document("model", opened_file(metadata=metadata))
    seconds, _ = slowest(lambda: panel.show_document(document), qtbot, lambda: True)
    table = panel.keys.table
    QGuiApplication.clipboard().setText("\n".join(f"new{n}\tv" for n in range(50_000)))
    for act in (
        lambda: table.select_keys(["key49999"]),
        lambda: document.edit(SetValue("key30000", "x")),
        table.selectAll,
        panel.keys.remove_selected,
        document.undo_stack.undo,
        panel.keys.paste,
        lambda: panel.show_view(MetadataView.JSON),
        lambda: panel.show_view(MetadataView.FORM),
    ):
        seconds, _ = slowest(lambda act=act: seen(act), qtbot, lambda: True)
        assert seconds < 2
    assert len(document.metadata) == 100_000
    while document.undo_stack.canUndo():
        document.undo_stack.undo()
    assert list(document.metadata.items()) == list(metadata.items())
    model: QAbstractItemModel = table.model()
    assert model.index(0, 0).data(Qt.ItemDataRole.DisplayRole) == "key0"
