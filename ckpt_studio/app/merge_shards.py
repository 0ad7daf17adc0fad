"""Offers to make one file of a model that is open in shards."""

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QCursor
from PySide6.QtWidgets import QMenu, QWidget

from ckpt_studio.app.converting import Converting
from ckpt_studio.app.document import Document
from ckpt_studio.app.merge_dialog import MergeDialog, proposed_file
from ckpt_studio.app.saving import Saving
from ckpt_studio.app.session import Session
from ckpt_studio.core.recipe import Convert, Output, Precision
from ckpt_studio.qt.banner import Message


def in_shards(document: Document) -> bool:
    """Whether a document is a model in several files that belong together."""
    opened = document.opened
    return opened is not None and opened.checkpoint.container == "sharded"


class MergeShards(QObject):
    """One action; it asks which model only where several are open in shards."""

    message = Signal(Message)
    offered_changed = Signal(object)  # tuple[str, ...]: the titles of the models

    def __init__(self, session: Session, saving: Saving, action: QAction, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._window, self._action = session, window, action
        self._converting = Converting(session, saving, window)
        self._converting.message.connect(self.message)
        action.triggered.connect(self._ask)
        session.files_changed.connect(self.refresh)
        session.current_changed.connect(self.refresh)

    def stop(self) -> None:
        """Wait for what runs."""
        self._converting.stop()

    @property
    def offered(self) -> tuple[Document, ...]:
        """The models that are open in shards; the one that is looked at alone, if it is one."""
        current = self._session.current
        if in_shards(current):
            return (current,)
        return tuple(filter(in_shards, self._session.documents))

    @Slot()
    def refresh(self) -> None:
        """Offer what is open now."""
        possible = bool(self.offered)
        reason = self.tr("Open a model that lies in shards first: its folder, or one of its files.")
        what = self.tr("ComfyUI loads one file, not shards")
        self._action.setEnabled(possible)
        self._action.setToolTip(what if possible else reason)
        self._action.setStatusTip(what if possible else reason)
        self.offered_changed.emit(tuple(document.title for document in self.offered))

    @Slot()
    def _ask(self) -> None:
        offered = self.offered
        if len(offered) == 1:
            self.start(offered[0])
            return
        menu = QMenu(self._window)
        menu.setObjectName("menuShards")
        for document in offered:
            choice = menu.addAction(document.title)
            choice.setToolTip(str(document.path))
            choice.triggered.connect(lambda _=False, one=document: self.start(one))
        menu.setToolTipsVisible(True)
        menu.popup(QCursor.pos())

    def start(self, document: Document) -> None:
        """Plan one file of a model in shards, then show the plan."""
        opened = document.opened
        if opened is None:
            return
        checkpoint = opened.checkpoint
        path = proposed_file(checkpoint.files[0].path, Precision.KEEP)
        self._converting.start(Convert(checkpoint.path, output=Output(path=path)), MergeDialog)
