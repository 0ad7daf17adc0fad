"""The pane with the values of the selected tensors: numbers, histogram, and tables of both."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.known_values import Collected
from ckpt_studio.app.panels.pane_progress import PaneProgress
from ckpt_studio.app.panels.save_text import save_text
from ckpt_studio.app.panels.value_facts import ValueFacts
from ckpt_studio.app.panels.value_plot import ValuePlot
from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.progress import Progress
from ckpt_studio.core.statistics_text import CODES, csv_table, facts_text
from ckpt_studio.core.text import counted
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel, label


class ValuePane(QFrame):
    """Shows what it is given: a sentence with a button, or values."""

    read_requested = Signal()
    closed = Signal()
    failed = Signal(Exception)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("valuePane")
        self.setProperty("card", True)
        self._title, self._collected = "", Collected(0)
        self._what = ElidedLabel(role="h2")
        self._what.setObjectName("valueTitle")
        self._note = label(role="dim", wrap=True)
        self._note.setObjectName("valueNote")
        self.facts, self.plot = ValueFacts(), ValuePlot()
        self.progress = PaneProgress("value")
        self._sentence = label(role="dim", wrap=True)
        self._sentence.setObjectName("valueSentence")
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._read = QPushButton()
        self._read.setObjectName("valueRead")
        self._copy = self._tool("valueCopy", self.tr("Copy the numbers"), icon("content-copy"))
        self._save = self._tool(
            "valueSave",
            self.tr("Save the values of each tensor as CSV"),
            icon("table-arrow-down"),
        )
        self._close = self._tool("valueClose", self.tr("Close the values"), icon("close"))
        self._pages = QStackedWidget()
        self._build()
        self._read.clicked.connect(self.read_requested)
        self._copy.clicked.connect(self.copy)
        self._save.clicked.connect(self.save)
        self._close.clicked.connect(self.closed)
        self.plot.failed.connect(self.failed)
        self.show_sentence("")

    def _tool(self, name: str, tip: str, sign: QIcon) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setProperty("tool", True)
        button.setIcon(sign)
        button.setAccessibleName(tip)
        button.setToolTip(tip)
        return button

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._what, 1)
        head.addLayout(self.plot.head)
        for button in (self._copy, self._save, self._close):
            head.addWidget(button)
        ask = QWidget()
        middle = QVBoxLayout(ask)
        middle.addStretch()
        middle.addWidget(self._sentence)
        middle.addWidget(self._read, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch()
        found = QWidget()
        row = QHBoxLayout(found)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.facts, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.plot, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.progress)
        column.addWidget(self._note)
        column.addWidget(self._pages, 1)
        for page in (ask, found):
            self._pages.addWidget(page)

    @property
    def collected(self) -> Collected:
        """What is shown."""
        return self._collected

    def show_sentence(self, sentence: str, button: str = "") -> None:
        """Show a sentence in place of values, with a button that reads them where it has a text."""
        self._collected = Collected(0)
        self._what.set_text(self.tr("Values"))
        self._note.hide()
        self._sentence.setText(sentence)
        self._read.setText(button)
        self._read.setAccessibleName(button)
        self._read.setVisible(bool(button))
        self._copy.setEnabled(False)
        self._save.setEnabled(False)
        self._pages.setCurrentIndex(0)

    def show_values(self, title: str, collected: Collected) -> None:
        """Show the values of the tensors that ``title`` names."""
        if title != self._title:
            self.plot.start_over()
        self._title, self._collected = title, collected
        self._what.set_text(self.tr("Values of {title}").format(title=one_line(title)))
        self._note.setText(self.tr(CODES) if collected.codes else "")
        self._note.setVisible(collected.codes)
        self.facts.show_values(collected.values)
        self.plot.show_values(collected)
        self._copy.setEnabled(True)
        self._save.setEnabled(bool(collected.tensors))
        self._pages.setCurrentIndex(1)

    def show_running(self) -> None:
        """Show that values are on their way."""
        self.progress.start()

    def show_progress(self, progress: Progress) -> None:
        """Show how much has been read."""
        self.progress.show_progress(progress)

    def show_end(self) -> None:
        """Nothing is read any more; what came until then stays, and says that it is a part."""
        self.progress.stop()
        found = self._collected
        if found.wanted and not found.complete:
            read, wanted = len(found.tensors), counted(found.wanted, "tensor")
            told = self.tr("Read until now: {read} of {wanted}.")
            self._note.setText(told.format(read=read, wanted=wanted))
            self._note.show()

    def copy(self) -> None:
        """Put the numbers on the clipboard as text."""
        found = self._collected
        QGuiApplication.clipboard().setText(facts_text(self._title, found.values, found.codes))

    def save(self) -> None:
        """Save a table with a line for each tensor that was read."""
        table = csv_table(self._collected.tensors)
        try:
            save_text(self, self.tr("Save values"), Path("values.csv"), table)
        except WriteError as error:
            self.failed.emit(error)
