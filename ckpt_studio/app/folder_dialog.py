"""A folder with several models: which of them to open."""

from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.core.model_folders import Model
from ckpt_studio.core.model_search import Choice, Group, Search
from ckpt_studio.engine.meaning import Meaning
from ckpt_studio.qt.choice_model import ChoiceDelegate, ChoiceModel, RowRole
from ckpt_studio.qt.labels import label

_SIZE = (680, 440)


class FolderDialog(QDialog):
    """A list with a search field; Enter, a double click or Open takes what is selected."""

    chosen = Signal(object)  # tuple[Path, ...]

    def __init__(self, folders: tuple[Meaning, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("folderDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Open models of a folder"))
        self._search = Search([self._group(each) for each in folders])
        self._field = QLineEdit(placeholderText=self.tr("Search"))
        self._field.setObjectName("folderSearch")
        self._field.setAccessibleName(self.tr("Search the models of the folder"))
        self._field.setClearButtonEnabled(True)
        self._model = ChoiceModel(self)
        self._list = QListView()
        self._list.setObjectName("folderModels")
        self._list.setAccessibleName(self.tr("Models of the folder"))
        self._open = QPushButton(self.tr("&Open"))
        self._open.setObjectName("folderOpen")
        self._open.setProperty("role", "primary")
        self._cancel = QPushButton(self.tr("&Cancel"))
        self._cancel.setObjectName("folderCancel")
        self._build(sum(len(each.models) for each in folders))
        self._connect()
        self._show_matching("")

    def _build(self, count: int) -> None:
        self._list.setModel(self._model)
        self._list.setItemDelegate(ChoiceDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._open.setDefault(True)
        sentence = self.tr("There are {count} models. Choose one, or several with Ctrl or Shift.")
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._open)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addWidget(label(sentence.format(count=count), wrap=True))
        column.addWidget(self._field)
        column.addWidget(self._list, 1)
        column.addLayout(buttons)
        self.resize(*_SIZE)

    def _connect(self) -> None:
        self._field.textChanged.connect(self._show_matching)
        self._list.doubleClicked.connect(self._take)
        self._open.clicked.connect(self._take)
        self._cancel.clicked.connect(self.reject)

    def _group(self, folder: Meaning) -> Group:
        return Group(str(folder.path), tuple(map(self._choice, folder.models)))

    def _choice(self, model: Model) -> Choice:
        files = self.tr("{count} files").format(count=model.files) if model.files > 1 else ""
        return Choice(model.path, model.name, files, model.bytes)

    def _show_matching(self, typed: str) -> None:
        self._model.show_rows(self._search.rows(typed))
        first = self._model.first()
        self._list.setCurrentIndex(first)
        self._open.setEnabled(first.isValid())

    @property
    def _selected(self) -> tuple[Path, ...]:
        indexes = sorted(self._list.selectionModel().selectedIndexes(), key=QModelIndex.row)
        rows = (index.data(RowRole) for index in indexes)
        return tuple(row.path for row in rows if isinstance(row, Choice))

    def _take(self) -> None:
        paths = self._selected
        if paths:
            self.accept()
            self.chosen.emit(paths)
