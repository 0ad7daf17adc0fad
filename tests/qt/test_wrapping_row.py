"""A row of controls that wraps, while its controls change."""

import pytest
from PySide6.QtWidgets import QPushButton, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from ckpt_studio.qt.wrapping_row import WrappingRow


@pytest.fixture
def placed(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    row = WrappingRow()
    for _ in range(4):
        button = QPushButton("x")
        button.setFixedSize(100, 20)
        row.add(button)
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(row)
    column.addStretch()
    parent.resize(430, 300)
    parent.show()
    qtbot.waitExposed(parent)
    qtbot.waitUntil(lambda: row.height() == 20)
    return parent, row


def test_the_height_follows_the_width(qtbot, placed):
    parent, row = placed
    parent.resize(220, 300)
    qtbot.waitUntil(lambda: row.height() == 46)
    parent.resize(430, 300)
    qtbot.waitUntil(lambda: row.height() == 20)


def test_the_height_follows_the_controls(qtbot, placed):
    _, row = placed
    first, *_, last = row.findChildren(QPushButton)
    first.setFixedSize(200, 30)
    qtbot.waitUntil(lambda: row.height() == 56)
    last.hide()
    qtbot.waitUntil(lambda: row.height() == 30)
    row.hide()
    last.show()
    row.show()
    qtbot.waitUntil(lambda: row.height() == 56)


def test_a_text_that_grew_on_a_hidden_page_is_not_cut(qtbot):
    pages, row, button = QStackedWidget(), WrappingRow(), QToolButton()
    qtbot.addWidget(pages)
    button.setText("a")
    row.add(button)
    pages.addWidget(row)
    pages.addWidget(QWidget())
    pages.resize(400, 100)
    pages.show()
    qtbot.waitExposed(pages)
    qtbot.waitUntil(lambda: button.width() == button.sizeHint().width())
    pages.setCurrentIndex(1)
    button.setText("a far longer text")
    pages.setCurrentIndex(0)
    qtbot.waitUntil(lambda: button.width() == button.sizeHint().width(), timeout=1000)
