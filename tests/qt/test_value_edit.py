"""The editor of values gives back what it was given, however it was put in."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication

from ckpt_studio.qt import value_edit
from ckpt_studio.qt.value_edit import ValueEdit

texts = st.text(
    st.sampled_from("ab\n\r\0\t \u00a0\u2028\u2029\u202e\ufeff\ufffe\ufdd0\ud800\U0001f600")
    | st.characters(),
    max_size=40,
)
often = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def edit(qtbot):
    edit = ValueEdit()
    qtbot.addWidget(edit)
    return edit


def whole(edit):
    """What really stands in the editor, once it is complete."""
    while edit.filling:
        QCoreApplication.processEvents()
    ends = "\r\n" if "\r\n" in edit.exact_text() else "\n"
    return edit.document().toRawText().replace("\u2029", ends)


def lone(text):
    """Whether there is half of a surrogate pair."""
    return any("\ud800" <= character <= "\udfff" for character in text)


@pytest.mark.parametrize("piece", [3, 80_000])
def test_a_text_that_can_be_edited_exactly_comes_back(edit, monkeypatch, piece):
    monkeypatch.setattr(value_edit, "_PIECE", piece)

    @often
    @given(st.lists(texts, min_size=1, max_size=4))
    def check(shown):
        for text in shown:
            if edit.show_text(text):
                assert edit.exact_text() == text
                assert whole(edit) == text
            else:
                assert set(text) & set("\r\0\u2028\u2029\ufeff\ufffe\ufdd0\ufdd1") or lone(text)

    check()


def test_a_long_text_is_read_only_until_it_is_complete(qtbot, edit):
    text = "some words\n" * 40_000
    edit.show_text(text)
    assert edit.filling
    assert edit.isReadOnly()
    assert edit.exact_text() == text
    qtbot.waitUntil(lambda: not edit.filling)
    assert not edit.isReadOnly()
    assert edit.toPlainText() == text


def test_another_text_takes_the_place_of_one_that_is_not_complete(qtbot, edit):
    edit.show_text("some words\n" * 40_000)
    edit.show_text("short")
    qtbot.waitUntil(lambda: not edit.filling)
    assert edit.toPlainText() == "short"


def test_the_place_stays_when_little_changes(qtbot, edit):
    lines = [f"line {number}" for number in range(500)]
    edit.resize(300, 200)
    edit.show()
    edit.show_text("\n".join(lines))
    edit.verticalScrollBar().setValue(300)
    cursor = edit.textCursor()
    cursor.setPosition(3000)
    edit.setTextCursor(cursor)
    place = edit.verticalScrollBar().value()
    lines[7] = "other"
    edit.show_text("\n".join(lines))
    assert edit.verticalScrollBar().value() == place
    assert edit.textCursor().position() == 3000 - len("line 7") + len("other")


def test_a_long_line_is_not_wrapped(edit):
    edit.show_text("x " * 10_000)
    assert edit.lineWrapMode() is ValueEdit.LineWrapMode.NoWrap
    edit.show_text("short")
    assert edit.lineWrapMode() is ValueEdit.LineWrapMode.WidgetWidth
