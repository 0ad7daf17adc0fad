"""The slim strip above the status bar while a job runs."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.app.job_log import JobLog, Record, State
from ckpt_studio.app.job_text import permille, progress_line
from ckpt_studio.app.panels.job_card import progress_bar
from ckpt_studio.qt.labels import ElidedLabel, label


class JobStrip(QFrame):
    """Title, progress, speed, time left and Cancel of the job that runs."""

    cancel_requested = Signal(Record)

    def __init__(self, log: JobLog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jobStrip")
        self.setProperty("card", True)
        self._record: Record | None = None
        self._wanted = True
        self._title = ElidedLabel()
        self._line = label(role="dim")
        self._bar = progress_bar("stripProgress")
        self._cancel = QPushButton(self.tr("Cancel"))
        self._cancel.setObjectName("stripCancel")
        self._cancel.setAccessibleName(self.tr("Cancel the running job"))
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._line)
        texts = QVBoxLayout()
        texts.setSpacing(5)
        texts.addLayout(head)
        texts.addWidget(self._bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 10, 8)
        row.setSpacing(14)
        row.addLayout(texts, 1)
        row.addWidget(self._cancel)
        self._cancel.clicked.connect(self._ask_cancel)
        log.changed.connect(self._refresh)
        self.hide()

    def set_wanted(self, *, wanted: bool) -> None:
        """Show the strip while a job runs, or never: the Jobs panel says it all itself."""
        self._wanted = wanted
        self.setVisible(wanted and self._record is not None)

    def _ask_cancel(self) -> None:
        if self._record is not None:
            self.cancel_requested.emit(self._record)

    def _refresh(self, record: Record) -> None:
        if record.state is State.RUNNING:
            self._record = record
            self._title.set_text(record.title)
            self._line.setText(progress_line(record))
            self._bar.setValue(permille(record))
            self._cancel.setEnabled(not (record.job is not None and record.job.cancel_asked))
            self.setVisible(self._wanted)
        elif record is self._record:
            self._record = None
            self.hide()
