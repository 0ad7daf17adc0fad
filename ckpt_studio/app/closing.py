"""The questions before the window closes: about a job, wrong JSON texts, and what is not saved."""

from collections.abc import Callable
from enum import Enum, auto

from PySide6.QtCore import QCoreApplication, QObject, Qt, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from ckpt_studio.app.merge_saving import MergeSaving
from ckpt_studio.app.saving import Saving
from ckpt_studio.app.session import Session
from ckpt_studio.qt.question import confirmed


class Choice(Enum):
    """What the user wants."""

    STAY = auto()
    SAVE = auto()
    LEAVE = auto()


class Closing(QObject):
    """Decides whether the window may close now; after Save or Cancel it closes by itself."""

    def __init__(
        self,
        window: QWidget,
        session: Session,
        saving: Saving,
        merge: MergeSaving,
        with_mistakes: Callable[[], tuple[str, ...]],
    ) -> None:
        """Start; ``with_mistakes`` gives the titles whose JSON text was not taken over."""
        super().__init__(window)
        self._window, self._session = window, session
        self._jobs, self._saving, self._merge = saving.log, saving, merge
        self._with_mistakes = with_mistakes
        self._given_up: tuple[str, ...] = ()  # titles whose text may go
        self._leaving = False

    def may_close(self) -> bool:
        """Ask what has to be asked."""
        if self._jobs.queue.busy:
            self._ask_about_job()
            return False
        if self._leaving:
            return True
        if not self._may_drop_texts():
            return False
        unsaved = self._unsaved
        if not unsaved:
            return True
        answer = ask_about_changes(self._window, unsaved)
        if answer is Choice.STAY:
            self._given_up = ()
        if answer is Choice.SAVE:
            self._save_all()
        return answer is Choice.LEAVE

    def _may_drop_texts(self) -> bool:
        """Ask once about texts that no file will hold, because there is a mistake in them."""
        wrong = self._with_mistakes()
        if not wrong or wrong == self._given_up:
            return True
        if ask_about_texts(self._window, wrong) is Choice.STAY:
            return False
        self._given_up = wrong
        return True

    @property
    def _unsaved(self) -> tuple[str, ...]:
        """What would be lost."""
        titles = tuple(document.title for document in self._session.unsaved)
        return (*titles, self._merge.unsaved) if self._merge.unsaved else titles

    def _ask_about_job(self) -> None:
        running = self._jobs.running
        title = running.title if running else ""
        if not self._leaving and ask_about_job(self._window, title) is Choice.LEAVE:
            self._leave_after_job()

    def _leave_after_job(self) -> None:
        """Stop what runs and close when its thread has ended; no thread is ever killed."""
        self._leaving = True
        if not self._jobs.queue.busy:
            self._window.close()
            return
        self._jobs.queue.idle.connect(self._window.close)
        self._jobs.queue.cancel_all()

    def _save_all(self) -> None:
        for document in self._session.unsaved:
            self._saving.save_document(document)
        if self._merge.unsaved:
            self._merge.save()
        self._close_when_saved()

    @Slot()
    def _close_when_saved(self) -> None:
        edits = self._saving.edits
        if edits.busy:
            edits.settled.connect(self._close_when_saved, Qt.ConnectionType.SingleShotConnection)
        elif self._jobs.queue.busy:
            self._jobs.queue.idle.connect(
                self._close_if_saved, Qt.ConnectionType.SingleShotConnection
            )

    def _close_if_saved(self) -> None:
        if not self._unsaved:
            self._window.close()


def tr(sentence: str) -> str:
    """Translate a text of the questions."""
    return QCoreApplication.translate("Closing", sentence)


def ask_about_job(parent: QWidget, title: str) -> Choice:
    """Ask whether to stop the job that runs."""
    go, stay = tr("&Cancel the job and quit"), tr("&Keep running")
    return _asked(parent, tr("A job is still running."), title, go=go, stay=stay)


def ask_about_texts(parent: QWidget, titles: tuple[str, ...]) -> Choice:
    """Ask whether JSON texts with a mistake may go."""
    what = tr("The JSON text of the metadata has a mistake, so it was not taken over.")
    return _asked(parent, what, "\n".join(titles), go=tr("&Drop the text"), stay=tr("&Go back"))


def _asked(parent: QWidget, what: str, more: str, *, go: str, stay: str) -> Choice:
    title = tr("Quit Checkpoint Studio")
    leaves = confirmed(parent, "closeQuestion", title, what, go=go, stay=stay, more=more)
    return Choice.LEAVE if leaves else Choice.STAY


def ask_about_changes(parent: QWidget, titles: tuple[str, ...]) -> Choice:
    """Ask whether to save what was changed."""
    box = QMessageBox(QMessageBox.Icon.Question, tr("Quit Checkpoint Studio"), "", parent=parent)
    box.setObjectName("closeQuestion")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(tr("Some changes are not saved."))
    box.setInformativeText("\n".join(titles))
    role = QMessageBox.ButtonRole
    save = box.addButton(tr("&Save…"), role.AcceptRole)
    discard = box.addButton(tr("&Discard"), role.DestructiveRole)
    cancel = box.addButton(tr("&Cancel"), role.RejectRole)
    for button, name in ((save, "Save"), (discard, "Discard"), (cancel, "Cancel")):
        button.setObjectName(f"close{name}")
    box.setDefaultButton(save)
    box.setEscapeButton(cancel)
    box.exec()
    chosen = box.clickedButton()
    box.deleteLater()
    if chosen is save:
        return Choice.SAVE
    return Choice.LEAVE if chosen is discard else Choice.STAY
