"""Files that come to the window as a whole: dropped, pasted, chosen to be inspected, or closed."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.actions import Actions
from ckpt_studio.app.session import Session
from ckpt_studio.app.sources import Sources
from ckpt_studio.qt.banner import Banner, Message
from ckpt_studio.qt.drop import dropped_files


class FileActions(QObject):
    """Passes files on to where the panel that is shown wants them."""

    def __init__(self, window: QWidget, session: Session, sources: Sources, banner: Banner) -> None:
        super().__init__(window)
        self._session, self._sources, self._banner = session, sources, banner

    def connect_actions(self, actions: Actions, take: Callable[[tuple[Path, ...]], None]) -> None:
        """Let the actions of the menu act; ``take`` gets what was opened or pasted, and folders."""
        actions.open.triggered.connect(lambda: self._open(take))
        actions.open_folder.triggered.connect(lambda: self._open_folder(take))
        actions.inspect.triggered.connect(self._inspect)
        actions.paste_files.triggered.connect(lambda: self._paste(take))
        actions.close_file.triggered.connect(self._close)

    @Slot()
    def _inspect(self) -> None:
        paths = self._sources.ask(self.tr("Inspect a file"))
        if paths:
            self._sources.look_at(paths)

    def _open(self, take: Callable[[tuple[Path, ...]], None]) -> None:
        files = self._sources.ask(self.tr("Open model files"))
        if files:
            take(files)

    def _open_folder(self, take: Callable[[tuple[Path, ...]], None]) -> None:
        folder = self._sources.browse_folder()
        if folder is not None:
            take((folder,))

    def _paste(self, take: Callable[[tuple[Path, ...]], None]) -> None:
        files = dropped_files(QGuiApplication.clipboard().mimeData())
        if files:
            take(files)

    @Slot()
    def _close(self) -> None:
        document = self._session.current
        if document.path is None or document is self._session.new_checkpoint:
            return
        if self._session.uses(document.path):
            what = self.tr("{name} is a source of the new checkpoint.").format(name=document.title)
            todo = self.tr("Clear it on the Assemble panel first.")
            self._banner.show_message(Message(what, todo, kind="warning"))
            return
        if panel := self._session.used_elsewhere(document.path):
            what = self.tr("{name} is in use on the {panel} panel.")
            todo = self.tr("Clear it there first.")
            words = what.format(name=document.title, panel=panel)
            self._banner.show_message(Message(words, todo, kind="warning"))
            return
        self._session.close_file(document)
