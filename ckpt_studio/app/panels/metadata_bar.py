"""The buttons above the metadata table."""

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from ckpt_studio.qt.icons import icon

_BESIDE = Qt.ToolButtonStyle.ToolButtonTextBesideIcon


class MetadataBar(QWidget):
    """Says which button was pressed; knows no document."""

    add_requested = Signal()
    json_requested = Signal(str)  # the key: prompt or workflow
    remove_requested = Signal()
    rename_requested = Signal()
    paste_requested = Signal()
    find_requested = Signal()
    export_requested = Signal()
    copy_all_requested = Signal()
    clean_requested = Signal()
    readings_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
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
        self._row.addStretch()
        self._paste_and_find()
        self._export()
        self._share()

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

    def _export(self) -> None:
        tip = self.tr("Take the metadata elsewhere as JSON")
        menu = self._menu("metadataExport", self.tr("Export"), tip)
        _add(menu, "metadataExportJson", self.tr("Save as JSON…"), self.export_requested)
        _add(menu, "metadataCopyJson", self.tr("Copy as JSON"), self.copy_all_requested)

    def _share(self) -> None:
        tip = self.tr("Look at the metadata as others will")
        menu = self._menu("metadataShare", self.tr("Share"), tip)
        _add(menu, "metadataClean", self.tr("Clean for sharing…"), self.clean_requested)
        _add(menu, "metadataReadings", self.tr("What programs read…"), self.readings_requested)

    def _menu(self, name: str, title: str, tip: str) -> QMenu:
        button = self._button(name, title, "", tip)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setProperty("menu", True)
        menu = QMenu(button)
        button.setMenu(menu)
        return menu

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
        self._row.addWidget(button)
        return button


def _add(menu: QMenu, name: str, title: str, asked: SignalInstance) -> None:
    action = menu.addAction(title)
    action.setObjectName(name)
    action.triggered.connect(asked)
