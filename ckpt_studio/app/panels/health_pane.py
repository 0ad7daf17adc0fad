"""The pane with what may be wrong with a file, the worst first, and the fixes for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.panels.finding_row import FindingRow
from ckpt_studio.app.panels.pane_progress import PaneProgress
from ckpt_studio.app.panels.source_links import SourceLinks
from ckpt_studio.core.health import Finding
from ckpt_studio.core.problems import Severity
from ckpt_studio.core.text import counted, listed
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in a file; ``complete`` when all values were read. ``file`` names it."""

    findings: Sequence[tuple[str, Finding]]
    complete: bool
    size: str = ""


class HealthPane(QFrame):
    """Shows findings; fixes that are ticked are done together."""

    check_requested = Signal()
    show_requested = Signal(object)  # tuple[str, ...]: names of tensors
    fixes_requested = Signal(object)  # tuple[Finding, ...], each with its fix
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("healthPane")
        self.setProperty("card", True)
        self._rows: list[FindingRow] = []
        self._examined = Examined((), complete=False)
        self._verdict = ElidedLabel(role="h2")
        self._verdict.setObjectName("healthVerdict")
        self._check = QPushButton()
        self._check.setObjectName("healthCheck")
        self._fix = QPushButton()
        self._fix.setObjectName("healthFix")
        self._fix.setProperty("role", "primary")
        self._copy = self._tool("healthCopy", self.tr("Copy the findings"), "content-copy")
        self._close = self._tool("healthClose", self.tr("Close the findings"), "close")
        self.progress = PaneProgress("health")
        self._list = QVBoxLayout()
        self._list.setSpacing(10)
        self._in_recipe = False
        self.sources = SourceLinks(self.tr("To check all of a file, look at the file itself:"))
        self._build()
        self._check.clicked.connect(self.check_requested)
        self._fix.clicked.connect(lambda: self.fixes_requested.emit(self.chosen))
        self._copy.clicked.connect(self.copy)
        self._close.clicked.connect(self.closed)
        self.show_sentence("")

    def _tool(self, name: str, tip: str, sign: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setProperty("tool", True)
        button.setIcon(icon(sign))
        button.setAccessibleName(tip)
        button.setToolTip(tip)
        return button

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._verdict, 1)
        for button in (self._check, self._fix, self._copy, self._close):
            head.addWidget(button)
        page = QWidget()
        page.setObjectName("scrolled")
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, 4, 8, 4)
        inside.addLayout(self._list)
        inside.addStretch()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 8, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.sources)
        column.addWidget(self.progress)
        column.addWidget(area, 1)

    @property
    def chosen(self) -> tuple[Finding, ...]:
        """The findings whose fixes are ticked."""
        return tuple(row.finding for row in self._rows if row.chosen)

    def set_in_recipe(self, in_recipe: bool) -> None:
        """Say whether fixes change the new checkpoint, or make a copy of a file."""
        self._in_recipe = in_recipe

    def show_sentence(self, sentence: str) -> None:
        """Show a sentence in place of findings."""
        self._show_rows(())
        self._verdict.set_text(sentence)
        self._check.hide()
        self._copy.setEnabled(False)

    def show_examined(self, examined: Examined) -> None:
        """Show what was found."""
        self._examined = examined
        self._show_rows(examined.findings)
        self._verdict.set_text(self._told(examined))
        self._check.setVisible(not examined.complete)
        self._check.setText(self.tr("Read all values ({size})").format(size=examined.size))
        self._check.setToolTip(
            self.tr("Look for NaN, infinities, zeros, copies and what fp16 cannot hold")
        )
        self._copy.setEnabled(True)

    def show_running(self, running: bool) -> None:
        """Show that the file is being read, or is not any more."""
        self._check.setEnabled(not running)
        if running:
            self.progress.start()
        else:
            self.progress.stop()

    def copy(self) -> None:
        """Put the findings on the clipboard as lines of text."""
        QGuiApplication.clipboard().setText("".join(f"{line}\n" for line in self._lines()))

    def _lines(self) -> Iterator[str]:
        for file, finding in self._examined.findings:
            problem = finding.problem
            where = f"{file}: " if file else ""
            yield f"{problem.severity}: {where}{problem.message} {problem.hint}".rstrip()

    def _told(self, examined: Examined) -> str:
        severities = [finding.problem.severity for _, finding in examined.findings]
        counts = [
            counted(number, severity)
            for severity in Severity
            if (number := severities.count(severity))
        ]
        wrong = any(severity is not Severity.NOTE for severity in severities)
        notes = listed(counts) if counts else ""
        if wrong:
            told = notes
        elif examined.complete:
            told = self.tr("Nothing is wrong") + (f" · {notes}" if notes else "")
        else:
            told = self.tr("The header is fine") + (f" · {notes}" if notes else "")
        return told

    def _show_rows(self, findings: Sequence[tuple[str, Finding]]) -> None:
        for row in self._rows:
            self._list.removeWidget(row)
            row.setParent(None)
            row.deleteLater()
        self._rows = []
        for number, (file, finding) in enumerate(findings):
            row = FindingRow(number, finding, file, fixable=self._can_fix(finding))
            row.show_requested.connect(self.show_requested)
            row.ticked.connect(self._count_fixes)
            self._rows.append(row)
            self._list.addWidget(row)
        self._count_fixes()

    def _can_fix(self, finding: Finding) -> bool:
        """A new checkpoint is put together without leftovers anyway; its precision is a choice."""
        return finding.fix is not None and (not self._in_recipe or bool(finding.fix.precision))

    def _count_fixes(self) -> None:
        chosen = len(self.chosen)
        possible = any(self._can_fix(row.finding) for row in self._rows)
        self._fix.setVisible(possible)
        self._fix.setEnabled(chosen > 0)
        if self._in_recipe:
            self._fix.setText(self.tr("Fix in the new checkpoint"))
            self._fix.setToolTip(self.tr("Change the precision on the Assemble panel; undo works"))
        else:
            one, more = self.tr("Save with 1 fix…"), self.tr("Save with {number} fixes…")
            self._fix.setText(one if chosen == 1 else more.format(number=chosen))
            self._fix.setToolTip(self.tr("Make a copy of the file in which this is mended"))
        self._fix.setAccessibleName(self._fix.text())
