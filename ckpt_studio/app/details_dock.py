"""The dock beside the panels with the details of the current file."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow

from ckpt_studio.app.background import Background
from ckpt_studio.app.job_log import JobLog, Record
from ckpt_studio.app.panels.details import DetailsPanel
from ckpt_studio.app.panels.details_hashes import Files
from ckpt_studio.app.session import Session
from ckpt_studio.app.settings import Settings


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
        self._hashing: dict[Record, Files] = {}
        self._background = Background(self)
        self.panel = DetailsPanel()
        self.setWidget(self.panel)
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self)
        session.current_changed.connect(self.panel.show_document)
        self.panel.hashes.requested.connect(self._take_hashes)
        self.panel.hashes.lookup_wanted.connect(self._look_up)
        self.panel.sources.chosen.connect(session.show_document)
        for changed in (session.current_changed, session.recipe_changed, session.files_changed):
            changed.connect(self._offer_sources)
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

    @Slot()
    def _offer_sources(self) -> None:
        session = self._session
        offered = session.source_documents if session.current.assembled else ()
        self.panel.sources.show_documents(offered)

    def stop(self) -> None:
        """Wait for what runs in the background."""
        self._background.stop()

    def _look_up(self, files: Files) -> None:
        """Show hashes that were taken before at once."""
        known, paths = self._session.verbs.known_hashes, _paths(files)
        self._background.request(lambda _: known(paths), lambda found: self._show(files, found))

    def _take_hashes(self, files: Files) -> None:
        verbs, paths = self._session.verbs, _paths(files)
        title = self.tr("Hashing {name}").format(name=self._session.current.title)
        record = self._log.start(
            title,
            lambda progress, cancel: verbs.hash(paths, progress, cancel),
            then=lambda found: self._show(files, found),
        )
        self._hashing[record] = files

    def _show(self, files: Files, found: object) -> None:
        if isinstance(found, Sequence):
            self.panel.hashes.show_hashes(files, found)

    def _note(self, record: Record) -> None:
        files = self._hashing.get(record)
        if files is None:
            return
        if not record.ended:
            self.panel.hashes.show_progress(files, record.progress)
            return
        del self._hashing[record]
        if record.result is None:
            self.panel.hashes.show_hashes(files, ())


def _paths(files: Files) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(file.path for file in files))
