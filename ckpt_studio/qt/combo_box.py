"""A combo box that a passing mouse wheel does not change."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QStandardItem, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget
from typing_extensions import override


class ComboBox(QComboBox):
    """The wheel scrolls the page until the box has the focus."""

    entered = Signal()  # the user turns to the box; time to fill in what takes long

    def __init__(self, name: str, accessible: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)

    def add(self, text: str, data: object, tip: str = "", *, enabled: bool = True) -> None:
        """Add an entry; ``tip`` explains it, or says why it cannot be chosen."""
        item = QStandardItem(text)
        item.setData(data, Qt.ItemDataRole.UserRole)
        item.setData(tip, Qt.ItemDataRole.ToolTipRole)
        item.setEnabled(enabled)
        self._items.appendRow(item)

    def add_heading(self, text: str) -> None:
        """Add a line that names the entries below it and cannot be chosen."""
        self.insertSeparator(self.count())
        self.add(text, None, enabled=False)

    def choose(self, data: object) -> None:
        """Select the entry with this data, the first one where there is none."""
        found = (
            row
            for row in range(self.count())
            if self.itemData(row) == data and self._items.item(row).isEnabled()
        )
        self.setCurrentIndex(next(found, 0))

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        self.entered.emit()
        super().focusInEvent(event)

    @override
    def showPopup(self) -> None:
        self.entered.emit()
        super().showPopup()

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()
