"""One job on screen: its title, how far it is or how it went, and what can be done with it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.job_log import Record, State
from ckpt_studio.app.job_text import (
    PERMILLE,
    complete_line,
    error_sentences,
    permille,
    progress_line,
    state_word,
)
from ckpt_studio.app.panels.result_card import hashes, summary
from ckpt_studio.app.retained_text import retained_line
from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.plan import Report
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel, IconLabel, label

_SIGNS = {
    State.WAITING: ("clock-outline", "dim"),
    State.RUNNING: ("progress-clock", "accent"),
    State.DONE: ("check-circle-outline", "good"),
    State.FAILED: ("alert-circle-outline", "bad"),
    State.CANCELLED: ("cancel", "dim"),
}


def progress_bar(name: str) -> QProgressBar:
    """Return a slim bar from 0 to 1000; byte counts never go into widgets."""
    bar = QProgressBar()
    bar.setObjectName(name)
    bar.setTextVisible(False)
    bar.setRange(0, PERMILLE)
    bar.setAccessibleName(bar.tr("Progress"))
    return bar


class JobCard(QFrame):
    """Shows a Record; says upward what the user wants done with it."""

    cancel_requested = Signal(Record)
    again_requested = Signal(Record)
    details_requested = Signal(Record)
    show_in_folder_requested = Signal(object)  # Path

    def __init__(self, record: Record, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.record = record
        self._sign = IconLabel(icon(*_SIGNS[State.WAITING]), 18)
        self._title = ElidedLabel(role="h2")
        self._line = label(role="dim", wrap=True)
        self._line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = progress_bar("jobProgress")
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setObjectName("jobCancel")
        self._folder = QPushButton(self.tr("Show in folder"))
        self._folder.setObjectName("jobShowInFolder")
        self._hashes = QPushButton(self.tr("Copy hashes"))
        self._hashes.setObjectName("jobCopyHashes")
        self._again = QPushButton(self.tr("Try again"))
        self._again.setObjectName("jobAgain")
        self._details = QPushButton(self.tr("Details"))
        self._details.setObjectName("jobDetails")
        self._command = QPushButton(self.tr("Copy as command line"))
        self._command.setObjectName("jobCopyCommand")
        self._build()
        self._connect()
        self.refresh()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (
            self._hashes,
            self._folder,
            self._again,
            self._details,
            self._command,
            self.cancel,
        ):
            row.addWidget(button)
        row.addStretch()
        texts = QVBoxLayout()
        texts.setSpacing(6)
        for widget in (self._title, self._line, self.bar):
            texts.addWidget(widget)
        texts.addLayout(row)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(14, 10, 12, 12)
        outer.setSpacing(12)
        outer.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        outer.addLayout(texts, 1)

    def _connect(self) -> None:
        self.cancel.clicked.connect(lambda: self.cancel_requested.emit(self.record))
        self._again.clicked.connect(lambda: self.again_requested.emit(self.record))
        self._details.clicked.connect(lambda: self.details_requested.emit(self.record))
        self._command.clicked.connect(self._copy_command)
        self._hashes.clicked.connect(self._copy_hashes)
        self._folder.clicked.connect(self._show_in_folder)

    def refresh(self) -> None:
        """Show how the job stands now."""
        record = self.record
        self._sign.set_icon(icon(*_SIGNS[record.state]))
        self._title.set_text(record.title)
        self._line.setText(outcome(record))
        self.bar.setVisible(record.state is State.RUNNING)
        self.bar.setValue(permille(record))
        self.bar.setAccessibleDescription(self._line.text())
        self.cancel.setVisible(not record.ended)
        if record.ended:  # scripts find the job that runs by its names
            self.cancel.setObjectName("endedJobCancel")
            self.bar.setObjectName("endedJobProgress")
        self.cancel.setEnabled(not (record.job is not None and record.job.cancel_asked))
        saved = isinstance(record.result, Report)
        self._folder.setVisible(saved)
        self._hashes.setVisible(isinstance(record.result, Report) and bool(hashes(record.result)))
        self._again.setVisible(
            record.work is not None and record.state in {State.FAILED, State.CANCELLED}
        )
        self._details.setVisible(record.state is State.FAILED)
        self._command.setVisible(record.recipe is not None or bool(record.command))
        self.setAccessibleName(f"{record.title}: {state_word(record)}")

    def _copy_command(self) -> None:
        recipe, command = self.record.recipe, self.record.command
        QGuiApplication.clipboard().setText(command_line(recipe) if recipe else command)

    def _copy_hashes(self) -> None:
        if isinstance(self.record.result, Report):
            lines = (f"{name}: {value}" for name, value in hashes(self.record.result).items())
            QGuiApplication.clipboard().setText("\n".join(lines))

    def _show_in_folder(self) -> None:
        if isinstance(self.record.result, Report):
            self.show_in_folder_requested.emit(self.record.result.path)


def outcome(record: Record) -> str:
    """Return how far a job is, or how it ended."""
    if record.state is State.RUNNING:
        return progress_line(record)
    if isinstance(record.result, Report):
        report = record.result
        short = f"SHA-256 {report.sha256}" if report.sha256 else ""
        files = ", ".join(file.path.name for file in report.files)
        same = f"AutoV3 {report.autov3_before}, before and after" if report.autov3_before else ""
        lines = (str(report.path), summary(report), retained_line(report), files, short, same)
        return "\n".join(line for line in lines if line)
    if record.error is not None:
        words = error_sentences(record.error)
        return "\n".join(line for line in (words, complete_line(record)) if line)
    return state_word(record)
