"""How far the work behind a pane is, with a button to stop it; hidden while nothing runs."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ckpt_studio.app.job_text import PERMILLE
from ckpt_studio.app.panels.job_card import progress_bar
from ckpt_studio.core.progress import Progress
from ckpt_studio.qt.labels import label


class PaneProgress(QWidget):
    """One line: what is done, a bar, Cancel."""

    cancel_requested = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = label(role="dim")
        self._bar = progress_bar(f"{name}Progress")
        self._cancel = QPushButton(self.tr("Cancel"))
        self._cancel.setObjectName(f"{name}Cancel")
        self._cancel.setProperty("role", "link")
        self._cancel.clicked.connect(self._ask_cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._line)
        row.addWidget(self._bar, 1)
        row.addWidget(self._cancel)
        self.stop()

    def start(self) -> None:
        """Show that work begins."""
        self._line.setText(self.tr("Starting…"))
        self._bar.setValue(0)
        self._cancel.setEnabled(True)
        self.show()

    def show_progress(self, progress: Progress) -> None:
        """Show how far it is."""
        share = self.tr("{phase}: {percent} %").format(
            phase=progress.phase, percent=int(100 * progress.fraction)
        )
        if self._cancel.isEnabled():
            self._line.setText(share)
        self._bar.setValue(min(PERMILLE, int(PERMILLE * progress.fraction)))

    def stop(self) -> None:
        """Nothing runs."""
        self.hide()

    def _ask_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self._line.setText(self.tr("Stopping…"))
        self.cancel_requested.emit()
