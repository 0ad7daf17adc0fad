"""What a person does with the window: drop, click, type, choose, wait for the plan."""

from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QMessageBox,
    QPushButton,
    QWidget,
)


def named(window, name, kind=QWidget):
    """The control with that name; the names are what scripts rely on.

    A hidden one of the same name may be about to go: the one that is seen is taken first.
    """
    found = window.findChildren(kind, name)
    assert found, f"there is no {name}"
    return next((each for each in found if each.isVisible()), found[0])


def drop(widget, *paths):
    """Drag files over a widget and let go."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    at = QPointF(widget.width() / 2, widget.height() / 2)
    action, button, keys = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    enter = QDragEnterEvent(at.toPoint(), action, data, button, keys)
    QApplication.sendEvent(widget, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(at, action, data, button, keys))


def settled(window):
    """Whether files are opened and the plan is up to date."""
    session = window.session
    return not (window.sources.busy or session.planning)


def wait_for_plan(qtbot, window):
    qtbot.waitUntil(lambda: settled(window) and window.session.plan is not None, timeout=15_000)


def click(window, name):
    button = named(window, name, QPushButton)
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(window, name, text):
    """Open a combo box with the keyboard and go down to an entry."""
    box = named(window, name, QComboBox)
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in range(box.count()):
        if box.currentText() == text:
            return
        QTest.keyClick(box, Qt.Key.Key_Down)
    raise AssertionError(f"{name} has no {text}: {[box.itemText(n) for n in range(box.count())]}")


def in_dialog(name, act, *, delay=50):
    """Do something in the dialog that is about to open; a mistake in it closes the dialog.

    So does another dialog that stays open in its place.
    """

    def look(tries=600):
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QDialog) and dialog.objectName() == name:
            try:
                act(dialog)
            except BaseException:
                dialog.reject()  # else the test would wait for ever
                raise
        elif tries:
            QTimer.singleShot(delay, lambda: look(tries - 1))
        elif isinstance(dialog, QDialog):
            dialog.reject()
            raise AssertionError(f"{dialog.objectName()} opened, not {name}")

    QTimer.singleShot(0, look)


def answer(button_text, *, tries=300):
    """Press a button of the question that is about to appear."""

    def press():
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            next(b for b in box.buttons() if b.text() == button_text).click()
        elif tries:
            QTimer.singleShot(10, lambda: answer(button_text, tries=tries - 1))

    QTimer.singleShot(0, press)
