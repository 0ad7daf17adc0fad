"""The questions before the window closes: about a job that runs, and about what is not saved."""

from enum import Enum, auto

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget


class Choice(Enum):
    """What the user wants."""

    STAY = auto()
    SAVE = auto()
    LEAVE = auto()


def tr(sentence: str) -> str:
    """Translate a text of the questions."""
    return QCoreApplication.translate("Closing", sentence)


def ask_about_job(parent: QWidget, title: str) -> Choice:
    """Ask whether to stop the job that runs."""
    box = _box(parent, tr("A job is still running."), title)
    keep = _button(box, "closeKeepRunning", tr("&Keep running"), QMessageBox.ButtonRole.RejectRole)
    leave = _button(
        box,
        "closeCancelJob",
        tr("&Cancel the job and quit"),
        QMessageBox.ButtonRole.DestructiveRole,
    )
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.exec()
    chosen = box.clickedButton()
    box.deleteLater()
    return Choice.LEAVE if chosen is leave else Choice.STAY


def ask_about_changes(parent: QWidget, titles: tuple[str, ...]) -> Choice:
    """Ask whether to save what was changed."""
    box = _box(parent, tr("Some changes are not saved."), "\n".join(titles))
    save = _button(box, "closeSave", tr("&Save…"), QMessageBox.ButtonRole.AcceptRole)
    discard = _button(box, "closeDiscard", tr("&Discard"), QMessageBox.ButtonRole.DestructiveRole)
    cancel = _button(box, "closeCancel", tr("&Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(save)
    box.setEscapeButton(cancel)
    box.exec()
    chosen = box.clickedButton()
    box.deleteLater()
    return {save: Choice.SAVE, discard: Choice.LEAVE}.get(chosen, Choice.STAY)


def _box(parent: QWidget, what: str, more: str) -> QMessageBox:
    box = QMessageBox(parent)
    box.setObjectName("closeQuestion")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(tr("Quit Checkpoint Studio"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(what)
    box.setInformativeText(more)
    return box


def _button(box: QMessageBox, name: str, text: str, role: QMessageBox.ButtonRole) -> QPushButton:
    button = box.addButton(text, role)
    button.setObjectName(name)
    return button
