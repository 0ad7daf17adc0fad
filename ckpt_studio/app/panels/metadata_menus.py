"""What is done with all metadata at once: taking them elsewhere, and looking as others will."""

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget


class MetadataMenus(QWidget):
    """Two buttons with menus; knows no document."""

    import_requested = Signal()
    import_pasted_requested = Signal()
    export_requested = Signal()
    copy_all_requested = Signal()
    clean_requested = Signal()
    readings_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self.templates = self._menu(
            "metadataTemplates", self.tr("Fill in"), self.tr("Put many keys in at once")
        )
        import_ = self._menu(
            "metadataImport",
            self.tr("Import"),
            self.tr("Take keys over from a picture, a JSON file or another model"),
        )
        _add(import_, "metadataImportFile", self.tr("From a file…"), self.import_requested)
        _add(
            import_,
            "metadataImportPasted",
            self.tr("From the copied picture"),
            self.import_pasted_requested,
        )
        export = self._menu(
            "metadataExport", self.tr("Export"), self.tr("Take the metadata elsewhere as JSON")
        )
        _add(export, "metadataExportJson", self.tr("Save as JSON…"), self.export_requested)
        _add(export, "metadataCopyJson", self.tr("Copy as JSON"), self.copy_all_requested)
        share = self._menu(
            "metadataShare", self.tr("Share"), self.tr("Look at the metadata as others will")
        )
        _add(share, "metadataClean", self.tr("Clean for sharing…"), self.clean_requested)
        _add(share, "metadataReadings", self.tr("What programs read…"), self.readings_requested)

    def _menu(self, name: str, title: str, tip: str) -> QMenu:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(title)
        button.setAccessibleName(title)
        button.setAccessibleDescription(tip)
        button.setToolTip(tip)
        button.setProperty("tool", True)
        button.setProperty("menu", True)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        button.setMenu(menu)
        self._row.addWidget(button)
        return menu


def _add(menu: QMenu, name: str, title: str, asked: SignalInstance) -> None:
    action = menu.addAction(title)
    action.setObjectName(name)
    action.triggered.connect(asked)
