"""The choice between the views of the metadata."""

from enum import IntEnum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget


class MetadataView(IntEnum):
    """How metadata are shown; the order of the views in the panel."""

    TABLE = 0
    FORM = 1
    JSON = 2


class MetadataSwitch(QWidget):
    """One button for each view."""

    chosen = Signal(object)  # MetadataView

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for view, title, tip in (
            (MetadataView.TABLE, self.tr("Table"), self.tr("Every key, before and after")),
            (MetadataView.FORM, self.tr("Form"), self.tr("The fields of the model specification")),
            (MetadataView.JSON, self.tr("JSON"), self.tr("All keys as one text")),
        ):
            button = QToolButton()
            button.setText(title)
            button.setObjectName(f"metadataView{view.name.capitalize()}")
            button.setAccessibleName(self.tr("Show as {view}").format(view=title))
            button.setAccessibleDescription(tip)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.setProperty("segment", True)
            self._buttons.addButton(button, int(view))
            row.addWidget(button)
        self.show_view(MetadataView.TABLE)
        self._buttons.idClicked.connect(lambda number: self.chosen.emit(MetadataView(number)))

    def show_view(self, view: MetadataView) -> None:
        """Mark the view that is shown."""
        self._buttons.button(int(view)).setChecked(True)
