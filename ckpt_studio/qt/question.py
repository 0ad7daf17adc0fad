"""A question with two answers, of which the one that changes nothing is the default."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


def confirmed(
    parent: QWidget, name: str, title: str, text: str, *, go: str, stay: str, more: str = ""
) -> bool:
    """Ask, and return whether to go on; Esc and the cross mean ``stay``.

    ``more`` is explained below the text. The buttons are called ``name`` with Go and Stay.
    """
    box = QMessageBox(QMessageBox.Icon.Question, title, "", parent=parent)
    box.setObjectName(name)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(text)
    box.setInformativeText(more)
    forward = box.addButton(go, QMessageBox.ButtonRole.DestructiveRole)
    back = box.addButton(stay, QMessageBox.ButtonRole.RejectRole)
    forward.setObjectName(f"{name}Go")
    back.setObjectName(f"{name}Stay")
    box.setDefaultButton(back)
    box.setEscapeButton(back)
    box.exec()
    chosen = box.clickedButton()
    box.deleteLater()
    return chosen is forward
