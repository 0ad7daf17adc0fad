"""What is done with all metadata at once: taking them elsewhere, and looking as others will."""

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget


class MetadataMenus(QWidget):
    """Two buttons with menus; knows no document."""

    import_requested = Signal()
    import_pasted_requested = Signal()
    export_requested = Signal(str)  # the name of the entry
    export_opening = Signal()
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
            self.tr("Take keys over from a picture, video or sound, a JSON file or another model"),
        )
        _add(import_, "metadataImportFile", self.tr("From a file…"), self.import_requested)
        _add(
            import_,
            "metadataImportPasted",
            self.tr("From the copied picture"),
            self.import_pasted_requested,
        )
        export = self._menu(
            "metadataExport", self.tr("Export"), self.tr("Take metadata elsewhere as a file")
        )
        for name, title in (
            ("metadataExportJson", self.tr("Save all as JSON…")),
            ("metadataCopyJson", self.tr("Copy all as JSON")),
            ("metadataExportWorkflow", self.tr("Save workflow as .json…")),
            ("metadataExportPrompts", self.tr("Save prompts as text…")),
            ("metadataExportThumbnail", self.tr("Save thumbnail as picture…")),
        ):
            action = export.addAction(title)
            action.setObjectName(name)
            action.triggered.connect(lambda _=False, name=name: self.export_requested.emit(name))
        export.aboutToShow.connect(self.export_opening)
        self._export = export
        share = self._menu(
            "metadataShare", self.tr("Share"), self.tr("Look at the metadata as others will")
        )
        _add(share, "metadataClean", self.tr("Clean for sharing…"), self.clean_requested)
        _add(share, "metadataReadings", self.tr("What programs read…"), self.readings_requested)

    def offer_exports(self, *, workflow: bool, prompts: bool, thumbnail: bool) -> None:
        """Show only exports that there is something for."""
        shown = {
            "metadataExportWorkflow": workflow,
            "metadataExportPrompts": prompts,
            "metadataExportThumbnail": thumbnail,
        }
        for action in self._export.actions():
            action.setVisible(shown.get(action.objectName(), True))

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
