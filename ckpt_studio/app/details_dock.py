"""The dock beside the panels with the details of the current file."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow

from ckpt_studio.app.job_log import JobLog, Record
from ckpt_studio.app.panels.details import DetailsPanel
from ckpt_studio.app.session import Session
from ckpt_studio.app.settings import Settings
from ckpt_studio.engine.hashing import Hashes


class DetailsDock(QDockWidget):
    """Follows the session; hashes are jobs like any other."""

    def __init__(
        self, window: QMainWindow, session: Session, log: JobLog, settings: Settings
    ) -> None:
        super().__init__(window)
        self.setObjectName("detailsDock")
        self.setWindowTitle(self.tr("Details"))
        self.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetClosable
            | QDockWidget.DockWidgetFeature.DockWidgetMovable
        )
        self._session, self._log, self._settings = session, log, settings
        self._hashing: dict[Record, Path] = {}
        self.panel = DetailsPanel()
        self.setWidget(self.panel)
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self)
        session.current_changed.connect(self.panel.show_document)
        session.files_changed.connect(self._forget_hashes)
        self.panel.hashes_requested.connect(self._take_hashes)
        log.changed.connect(self._note)
        self.panel.show_document(session.current)
        self.setVisible(settings.details)

    def follow(self, action: QAction) -> None:
        """Let an action show and hide the dock, and remember what was chosen."""
        action.setCheckable(True)
        action.setChecked(not self.isHidden())
        action.toggled.connect(self.setVisible)
        action.toggled.connect(self._remember)
        self.visibilityChanged.connect(lambda _: action.setChecked(not self.isHidden()))

    def _remember(self, shown: bool) -> None:
        self._settings.details = shown

    def _forget_hashes(self) -> None:
        self.panel.hashes.forget()

    def _take_hashes(self, path: Path) -> None:
        verbs = self._session.verbs
        title = self.tr("Hashing {name}").format(name=path.name)
        record = self._log.start(
            title,
            lambda progress, cancel: verbs.hash(path, progress, cancel),
            then=lambda found: self._show(path, found),
        )
        self._hashing[record] = path

    def _show(self, path: Path, found: object) -> None:
        if isinstance(found, Hashes):
            self.panel.hashes.show_hashes(path, found)

    def _note(self, record: Record) -> None:
        path = self._hashing.get(record)
        if path is None:
            return
        if not record.ended:
            self.panel.hashes.show_progress(path, record.progress)
            return
        del self._hashing[record]
        if not isinstance(record.result, Hashes):
            self.panel.hashes.show_hashes(path, None)
