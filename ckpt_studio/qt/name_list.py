"""A small window with a list of names (tensors, keys): filter, select, copy."""

from PySide6.QtCore import QStringListModel
from PySide6.QtGui import QFontDatabase, QGuiApplication
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

from ckpt_studio.core import text
from ckpt_studio.qt.labels import label


class NameList(QDialog):
    """Shows names, one a line; Copy takes the selected ones, or all that are shown."""

    def __init__(self, title: str, names: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setObjectName("nameList")
        self.resize(640, 420)
        self._names = names
        self._model = QStringListModel(list(names), self)
        self._filter = QLineEdit(placeholderText=self.tr("Filter"))
        self._filter.setObjectName("nameFilter")
        self._filter.setAccessibleName(self.tr("Filter names"))
        self._filter.setClearButtonEnabled(True)
        self._view = QListView()
        self._view.setObjectName("names")
        self._view.setAccessibleName(title)
        self._view.setModel(self._model)
        self._view.setUniformItemSizes(True)
        self._view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._view.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._total = label(role="dim")
        copy = QPushButton(self.tr("&Copy"))
        copy.setObjectName("copyNames")
        close = QPushButton(self.tr("C&lose"))
        close.setObjectName("closeNames")
        close.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self._total, 1)
        buttons.addWidget(copy)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        for widget in (label(title, "h2", wrap=True), self._filter, self._view):
            column.addWidget(widget)
        column.addLayout(buttons)
        self._filter.textChanged.connect(self._show_matching)
        copy.clicked.connect(self._copy)
        close.clicked.connect(self.accept)
        self._show_matching("")

    def _show_matching(self, wanted: str) -> None:
        shown = [name for name in self._names if wanted.lower() in name.lower()]
        self._model.setStringList(shown)
        self._total.setText(
            self.tr("{shown} of {all} names").format(
                shown=text.count(len(shown)), all=text.count(len(self._names))
            )
        )

    def _copy(self) -> None:
        chosen = [index.data() for index in sorted(self._view.selectedIndexes())]
        QGuiApplication.clipboard().setText("\n".join(chosen or self._model.stringList()))
