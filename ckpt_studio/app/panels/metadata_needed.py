"""The question before keys go that a program needs to load the model."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from ckpt_studio.core.editing.metadata_rows import removed_with


def may_lose(keys: frozenset[str], parent: QWidget) -> bool:
    """Ask before needed keys are removed or renamed; other keys go without a question."""
    reasons = removed_with(keys)
    if not reasons:
        return True
    box = QMessageBox(QMessageBox.Icon.Warning, parent.tr("Needed to load"), "", parent=parent)
    box.setText(parent.tr("Some programs need this:"))
    box.setInformativeText("\n".join(reasons))
    box.setTextFormat(Qt.TextFormat.PlainText)
    go = box.addButton(parent.tr("&Go on"), QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton(parent.tr("&Keep it"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.exec()
    return box.clickedButton() is go
