"""The buttons above the metadata table, for what is done with its keys."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QToolButton, QWidget

from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.wrapping_row import WrappingRow

_BESIDE = Qt.ToolButtonStyle.ToolButtonTextBesideIcon


class MetadataBar(WrappingRow):
    """Says which button was pressed; knows no document."""

    add_requested = Signal()
    json_requested = Signal(str)  # the key: prompt or workflow
    remove_requested = Signal()
    rename_requested = Signal()
    paste_requested = Signal()
    find_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        add = self._button("metadataAdd", self.tr("Add"), "plus", self.tr("Add a key (Ins)"))
        add.clicked.connect(self.add_requested)
        for key in ("prompt", "workflow"):
            button = self._button(
                f"metadataAdd{key.title()}",
                key,
                "plus",
                self.tr("Set “{key}” to the JSON on the clipboard").format(key=key),
            )
            button.clicked.connect(lambda _=False, key=key: self.json_requested.emit(key))
        self.remove = self._button(
            "metadataRemove", self.tr("Remove"), "minus", self.tr("Remove the selected keys (Del)")
        )
        self.remove.clicked.connect(self.remove_requested)
        self.rename = self._button(
            "metadataRename", self.tr("Rename"), "rename-outline", self.tr("Rename the key (F2)")
        )
        self.rename.clicked.connect(self.rename_requested)
        self.push_right()
        self._paste_and_find()

    def _paste_and_find(self) -> None:
        paste = self._button(
            "metadataPaste",
            self.tr("Paste"),
            "content-paste",
            self.tr("Paste lines of key, tab, value, or a JSON object (Ctrl+V in the table)"),
        )
        paste.clicked.connect(self.paste_requested)
        find = self._button(
            "metadataFindOpen", self.tr("Find"), "magnify", self.tr("Find and replace (Ctrl+F)")
        )
        find.clicked.connect(self.find_requested)

    def _button(self, name: str, title: str, sign: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(title)
        button.setAccessibleName(title)
        button.setAccessibleDescription(tip)
        button.setToolTip(tip)
        button.setProperty("tool", True)
        if sign:
            button.setIcon(icon(sign))
            button.setToolButtonStyle(_BESIDE)
        self.add(button)
        return button
