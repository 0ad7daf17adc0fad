"""Files that other programs change while they are open: noticed, read again, never overwritten."""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QFileSystemWatcher, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication

from ckpt_studio.app.document import Document
from ckpt_studio.app.edit_saving import EditSaving
from ckpt_studio.app.edited import same_header
from ckpt_studio.app.session import Session
from ckpt_studio.app.verbs import Open
from ckpt_studio.core.editing.metadata_changes import changes
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.opening import is_unchanged
from ckpt_studio.qt.banner import Message, Remedy
from ckpt_studio.qt.job import Job

_PAUSE_MS = 300
_MOST_FILES = 256
"""Files that are watched at once; systems allow some thousands for all programs together."""


@dataclass(frozen=True, eq=False, slots=True)
class _Changed:
    """A document whose file changed since it was ``opened``, and what is there now."""

    document: Document
    opened: Opened
    now: Opened | CkptStudioError


class FileChanges(QObject):
    """Looks when a file changes and when the window becomes active; edits always stay.

    The status of files is asked for on a thread of its own: a network drive may take its time.
    """

    message = Signal(Message)

    def __init__(self, session: Session, edits: EditSaving, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._edits = session, edits
        self._told: dict[Document, Opened | str] = {}
        self._job: Job | None = None
        self._watcher = QFileSystemWatcher(self)
        self._soon = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._soon.timeout.connect(self.look)
        self._watcher.fileChanged.connect(lambda _: self._soon.start())
        session.files_changed.connect(self._watch)
        edits.changed_on_disk.connect(self._look_again)
        application = QCoreApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self._note_state)

    def stop(self) -> None:
        """Wait for what runs."""
        self._soon.stop()
        if self._job is not None:
            self._job.wait()

    @Slot()
    def look(self) -> None:
        """Look at every open file once."""
        if self._job is not None:
            self._soon.start()
            return
        open_now = [(each, each.opened) for each in self._session.documents if each.opened]
        if not open_now:
            return
        verbs = self._session.verbs

        def changed(_: object, __: object) -> list[_Changed]:
            return [
                _Changed(document, opened, _read(verbs.open, opened))
                for document, opened in open_now
                if not is_unchanged(opened.checkpoint)
            ]

        job = self._job = Job(changed, parent=self)
        job.succeeded.connect(self._take)
        job.finished.connect(self._finish)
        job.start()

    @Slot()
    def _finish(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = None
        self._watch()  # a file that was replaced is another one to the system

    @Slot()
    def _watch(self) -> None:
        files = {
            str(file.path)
            for document in self._session.documents
            if document.opened
            for file in document.opened.checkpoint.files
        }
        watched = set(self._watcher.files())
        gone, new = watched - files, sorted(files - watched)[: _MOST_FILES - len(watched)]
        if gone:
            self._watcher.removePaths(sorted(gone))
        if new:
            self._watcher.addPaths(new)

    @Slot(Qt.ApplicationState)
    def _note_state(self, state: Qt.ApplicationState) -> None:
        if state is Qt.ApplicationState.ApplicationActive:
            self._soon.start()

    @Slot(object)
    def _look_again(self, document: Document) -> None:
        """Tell of a change once more, because somebody wants to save over it."""
        self._told.pop(document, None)
        self._soon.start()

    @Slot(object)
    def _take(self, changed: list[_Changed]) -> None:
        for each in changed:
            document = each.document
            if document.opened is not each.opened or self._edits.saving(document):
                continue  # it was read again meanwhile, or is about to be
            if isinstance(each.now, CkptStudioError):
                self._tell_of_loss(document, each.now)
            elif document.undo_stack.isClean() or same_header(
                each.opened.checkpoint, each.now.checkpoint
            ):
                self._reload(document, each.opened, each.now)
            else:
                self._ask(document, each.opened, each.now)

    def _reload(self, document: Document, before: Opened, now: Opened) -> None:
        self._session.add_file(now)
        self._session.replan()
        self._told.pop(document, None)
        if not same_header(before.checkpoint, now.checkpoint):
            what = self.tr("{name} was changed by another program.").format(name=document.title)
            self.message.emit(Message(what, self.tr("It was read again."), kind="note"))

    def _ask(self, document: Document, before: Opened, now: Opened) -> None:
        if self._told.get(document) == now:
            return
        self._told[document] = now
        difference = changes(before.checkpoint.metadata, now.checkpoint.metadata).sentence
        what = self.tr("{name} was changed on disk by another program: {difference}.")
        todo = self.tr(
            "Your edits are not saved yet. Reload drops them; Keep mine puts them on top of what "
            "the file holds now."
        )
        reload = Remedy(self.tr("&Reload"), lambda: self._choose(document, now, keep=False))
        keep = Remedy(self.tr("&Keep mine"), lambda: self._choose(document, now, keep=True))
        message = what.format(name=document.title, difference=difference)
        self.message.emit(Message(message, todo, kind="warning", remedies=(reload, keep)))

    def _choose(self, document: Document, now: Opened, *, keep: bool) -> None:
        if document in self._session.documents:
            self._session.add_file(now)
            if not keep:
                document.drop_edits()
            self._session.replan()
        self._told.pop(document, None)
        self._soon.start()

    def _tell_of_loss(self, document: Document, error: CkptStudioError) -> None:
        if self._told.get(document) == error.message:
            return
        self._told[document] = error.message
        kept = self.tr("Your edits are kept as long as the file stays open here.")
        todo = error.hint if document.undo_stack.isClean() else kept
        self.message.emit(Message(error.message, todo, kind="warning"))


def _read(open_file: Open, opened: Opened) -> Opened | CkptStudioError:
    try:
        return open_file(opened.checkpoint.path)
    except CkptStudioError as error:
        return error
