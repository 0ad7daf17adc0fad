"""The page of the preferences for model folders: add, read a list, remove, look again."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QListView,
    QPushButton,
    QVBoxLayout,
)
from typing_extensions import override

from ckpt_studio.app.folder_rows import FolderDelegate, FolderModel, FolderRole, title
from ckpt_studio.app.model_folders import ModelFolders
from ckpt_studio.app.settings import LAST_FOLDER, Settings
from ckpt_studio.core.model_folders import Location
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.programs import Kind
from ckpt_studio.engine.locations import LIST_NAME
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.drop import DropFrame
from ckpt_studio.qt.labels import label


class FoldersPage(DropFrame):
    """Changes the model folders at once; folders and lists can be dropped on it."""

    def __init__(self, folders: ModelFolders, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("foldersPage")
        self._folders, self._settings = folders, settings
        self._model = FolderModel(self)
        self._list = QListView()
        self._list.setObjectName("modelFolders")
        self._list.setAccessibleName(self.tr("Folders with models"))
        self._list.setModel(self._model)
        self._list.setItemDelegate(FolderDelegate(self._list))
        self._list.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._save_to = ComboBox("saveToFolder", self.tr("Save new models to"))
        self._remove = self._button("removeFolder", self.tr("R&emove"), self._remove_selected)
        self._refresh = self._button("refreshFolders", self.tr("&Refresh"), folders.refresh)
        self._build()
        self.files_dropped.connect(folders.add)
        folders.changed.connect(self._show)
        self._list.selectionModel().selectionChanged.connect(self._enable)
        self._model.modelReset.connect(self._enable)
        self._save_to.currentIndexChanged.connect(self._choose)
        self._show()
        self._enable()

    def _button(self, name: str, words: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(words)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(act)
        return button

    def _build(self) -> None:
        about = self.tr(
            "Models in these folders are offered wherever a file is chosen. Add the folder of "
            "ComfyUI, A1111, Forge, InvokeAI or another, read an extra_model_paths.yaml, or drop "
            "either here. Nothing in them is changed."
        )
        add = self._button("addFolder", self.tr("&Add folder…"), self._ask_folder)
        read = self._button("readList", self.tr("Rea&d a list…"), self._ask_list)
        read.setToolTip(self.tr("{list} of ComfyUI").format(list=LIST_NAME))
        buttons = QHBoxLayout()
        for button in (add, read):
            buttons.addWidget(button)
        buttons.addStretch()
        for button in (self._refresh, self._remove):
            buttons.addWidget(button)
        caption = label(self.tr("&Save new models to"), "dim")
        caption.setBuddy(self._save_to)
        below = QHBoxLayout()
        below.addWidget(caption)
        below.addWidget(self._save_to, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(10)
        column.addWidget(label(about, "dim", wrap=True))
        column.addWidget(self._list, 1)
        column.addLayout(buttons)
        column.addLayout(below)

    @Slot()
    def _show(self) -> None:
        self._model.show_folders(self._folders.folders)
        self._refresh.setEnabled(bool(self._folders.folders))
        self._show_save_to()

    @Slot()
    def _enable(self) -> None:
        self._remove.setEnabled(self._list.selectionModel().hasSelection())

    def _show_save_to(self) -> None:
        box = self._save_to
        with QSignalBlocker(box):
            box.clear()
            first = self._folders.first_home
            if first is not None:
                box.add(self.tr("The first that has a folder for it"), "", str(first))
            for folder in self._folders.folders:
                location = folder.listing.location if folder.listing else None
                if location is not None and _takes(location):
                    words = f"{title(folder)}  ({one_line(str(folder.path))})"
                    box.add(words, str(folder.path), one_line(str(folder.path), 2000))
            box.add(self.tr("The folder that was used last"), LAST_FOLDER)
            box.choose(self._settings.save_to)
        box.setEnabled(box.count() > 1)

    @Slot()
    def _choose(self) -> None:
        self._folders.save_to(str(self._save_to.currentData()))

    @Slot()
    def _ask_folder(self) -> None:
        title_ = self.tr("Folder of a program, or with models")
        name = QFileDialog.getExistingDirectory(self, title_, self._settings.source_folder)
        if name:
            self._folders.add((Path(name),))

    @Slot()
    def _ask_list(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Read {list}").format(list=LIST_NAME),
            self._settings.source_folder,
            self.tr("Lists of folders (*.yaml *.yml)"),
        )
        if name:
            self._folders.add((Path(name),))

    @Slot()
    def _remove_selected(self) -> None:
        rows = self._list.selectionModel().selectedIndexes()
        for path in [index.data(FolderRole).path for index in rows]:
            self._folders.remove(path)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self._remove_selected()
        else:
            super().keyPressEvent(event)


def _takes(location: Location) -> bool:
    """Whether new checkpoints can go into a location."""
    return location.home(Kind.CHECKPOINT) is not None
