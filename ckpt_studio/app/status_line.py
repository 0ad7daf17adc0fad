"""The status bar: open files on the left, room on disk and in memory on the right."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStatusBar, QWidget

from ckpt_studio.app.session import Session
from ckpt_studio.app.system_facts import memory_available
from ckpt_studio.core import text
from ckpt_studio.core.plan import Plan
from ckpt_studio.qt.labels import label

_PERIOD_MS = 3_000


class StatusLine(QStatusBar):
    """Follows the session; asks for free memory every few seconds."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._files, self._disk, self._memory = label(), label(), label()
        self.setSizeGripEnabled(False)
        self.addWidget(self._files)
        self.addPermanentWidget(self._disk)
        self.addPermanentWidget(self._memory)
        session.files_changed.connect(self._show_files)
        session.plan_changed.connect(self._show_disk)
        timer = QTimer(self, interval=_PERIOD_MS)
        timer.timeout.connect(self._show_memory)
        timer.start()
        self._show_files()
        self._show_memory()

    def _show_files(self) -> None:
        count = len(self._session.files)
        several = self.tr("{count} files open").format(count=text.count(count))
        self._files.setText(
            {0: self.tr("No file open"), 1: self.tr("1 file open")}.get(count, several)
        )

    def _show_disk(self, plan: Plan | None) -> None:
        free = plan.free_bytes if plan else None
        shown = self.tr("{free} free on the output disk")
        self._disk.setText("" if free is None else shown.format(free=text.binary_size(free)))

    def _show_memory(self) -> None:
        free = memory_available()
        shown = self.tr("{free} memory free")
        self._memory.setText("" if free is None else shown.format(free=text.binary_size(free)))
