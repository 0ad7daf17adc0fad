"""A popup with a search field over files to choose from; works by keyboard alone."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPoint,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from ckpt_studio.core.model_search import Choice, Group, Search
from ckpt_studio.qt.choice_model import ChoiceDelegate, ChoiceModel, RowRole
from ckpt_studio.qt.labels import label

_WIDTH, _HEIGHT = 680, 420
_TO_LIST = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown})
_ENTER = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class ChoicePopup(QFrame):
    """Type to search, arrows to go, Enter to take, Esc to leave; closes when it has an answer."""

    chosen = Signal(object)  # tuple[Path, ...]
    browse_requested = Signal()
    folders_requested = Signal()
    closed = Signal()

    def __init__(self, title: str, parent: QWidget, *, several: bool = False) -> None:
        """With ``several`` more than one file can be taken at once."""
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("sourcePopup")
        self.setProperty("popup", True)
        self.setAccessibleName(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_NoMouseReplay)  # the click that closes only closes
        self._search = Search(())
        self._field = QLineEdit(placeholderText=title)
        self._field.setObjectName("sourceSearch")
        self._field.setAccessibleName(title)
        self._field.setClearButtonEnabled(True)
        self._model = ChoiceModel(self)
        self._list = _List("sourceList", self.tr("Files to choose from"), self._model)
        if several:
            self._list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._note = label(role="dim")
        self._browse = self._button("sourceBrowse", self.tr("&Browse…"))
        self._folders = self._button("sourceFolders", self.tr("&Model folders…"))
        self._several = several
        self._build()
        self._connect()

    def _button(self, name: str, words: str) -> QPushButton:
        button = QPushButton(words)
        button.setObjectName(name)
        button.setAutoDefault(False)
        return button

    def _build(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self._note, 1)
        below.addWidget(self._folders)
        below.addWidget(self._browse)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        column.addWidget(self._field)
        column.addWidget(self._list, 1)
        column.addLayout(below)

    def _connect(self) -> None:
        self._field.textChanged.connect(self._show_matching)
        self._field.installEventFilter(self)
        self._list.clicked.connect(self._take_clicked)
        self._browse.clicked.connect(self._leave_to_browse)
        self._folders.clicked.connect(self._leave_to_folders)

    def show_groups(self, groups: Iterable[Group], note: str = "") -> None:
        """Show what there is to choose; ``note`` says what is still to come, or missing.

        What is selected stays so, and stays where it is.
        """
        self._search = Search(groups)
        self._note.setText(note)
        before, scrolled = self._selected, self._list.verticalScrollBar().value()
        self._model.show_rows(self._search.rows(self._field.text()))
        places = self._model.places_of(before)
        if not places:
            self._go_to_first()
            return
        self._list.setCurrentIndex(places[-1])
        for place in places:
            select = QItemSelectionModel.SelectionFlag.Select
            self._list.selectionModel().select(place, select)
        self._list.verticalScrollBar().setValue(scrolled)

    def open_below(self, anchor: QWidget) -> None:
        """Show the popup at a widget, inside its screen."""
        at = anchor.mapToGlobal(QPoint(0, anchor.height() + 2))
        space = anchor.screen().availableGeometry()
        width, height = min(_WIDTH, space.width()), min(_HEIGHT, space.height())
        above = at.y() - anchor.height() - height - 4
        if at.y() + height > space.bottom():
            at.setY(max(space.top(), above if above >= space.top() else space.bottom() - height))
        at.setX(max(space.left(), min(at.x(), space.right() - width)))
        self.setGeometry(at.x(), at.y(), width, height)
        self.show()
        self._field.setFocus(Qt.FocusReason.PopupFocusReason)
        self._go_to_first()

    @Slot(str)
    def _show_matching(self, typed: str) -> None:
        self._model.show_rows(self._search.rows(typed))
        self._go_to_first()

    def _go_to_first(self) -> None:
        first = self._model.first()
        self._list.setCurrentIndex(first)
        if first.isValid():
            hint = QAbstractItemView.ScrollHint.EnsureVisible
            self._list.scrollTo(first.siblingAtRow(max(0, first.row() - 1)), hint)
            self._list.scrollTo(first, hint)

    @property
    def _selected(self) -> tuple[Path, ...]:
        indexes = sorted(self._list.selectionModel().selectedIndexes(), key=lambda each: each.row())
        rows = (index.data(RowRole) for index in indexes)
        return tuple(row.path for row in rows if isinstance(row, Choice))

    def _take(self) -> None:
        paths = self._selected
        if paths:
            self.close()
            self.chosen.emit(paths)

    @Slot(QModelIndex)
    def _take_clicked(self, index: QModelIndex) -> None:
        """Take what was clicked; with Ctrl or Shift it is only added to what will be taken."""
        held = QApplication.keyboardModifiers()
        adding = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        enabled = bool(index.flags() & Qt.ItemFlag.ItemIsEnabled)
        if enabled and not (self._several and held & adding):
            self._take()

    @Slot()
    def _leave_to_browse(self) -> None:
        self.close()
        self.browse_requested.emit()

    @Slot()
    def _leave_to_folders(self) -> None:
        self.close()
        self.folders_requested.emit()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        pressed = event.type() is QEvent.Type.KeyPress and watched is self._field
        if pressed and isinstance(event, QKeyEvent) and event.key() in _TO_LIST:
            QApplication.sendEvent(self._list, event)
            return True
        return super().eventFilter(watched, event)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self.closed.emit()
        super().closeEvent(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ENTER:
            self._take()
        else:
            super().keyPressEvent(event)


class _List(QListView):
    def __init__(self, name: str, accessible: str, model: ChoiceModel) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setModel(model)
        self.setItemDelegate(ChoiceDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
