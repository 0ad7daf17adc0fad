"""Find and replace over keys and values, with the number of matches before anything is replaced."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

from ckpt_studio.core import text
from ckpt_studio.core.editing.replacing import Found, Search
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import label, set_property


class FindBar(QFrame):
    """Takes what to look for; ``count`` is asked for the matches, errors are shown here."""

    next_requested = Signal(object)  # Search
    replace_requested = Signal(object, str)  # Search, replacement

    def __init__(self, count: Callable[[Search], Found], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", "true")
        self._count = count
        self._find = self._field("metadataFind", self.tr("Find"))
        self._replacement = self._field("metadataReplacement", self.tr("Replace with"))
        self._case = self._toggle("metadataFindCase", "Aa", self.tr("Match case"))
        self._word = self._toggle("metadataFindWord", "W", self.tr("Whole words"))
        self._regex = self._toggle("metadataFindRegex", ".*", self.tr("Regular expression"))
        self._keys = self._toggle("metadataFindKeys", self.tr("Keys"), self.tr("Look in keys"))
        self._values = self._toggle(
            "metadataFindValues", self.tr("Values"), self.tr("Look in values")
        )
        self._values.setChecked(True)
        self._result = label(role="dim")
        self._result.setObjectName("metadataFindResult")
        self._next = QPushButton(self.tr("Ne&xt"))
        self._next.setObjectName("metadataFindNext")
        self._all = QPushButton(self.tr("Replace &all"))
        self._all.setObjectName("metadataReplaceAll")
        self._close = QToolButton()
        self._close.setObjectName("metadataFindClose")
        self._close.setIcon(icon("close"))
        self._close.setAccessibleName(self.tr("Close find and replace"))
        self._close.setToolTip(self._close.accessibleName())
        self._build()
        self.hide()

    def _field(self, name: str, title: str) -> QLineEdit:
        field = QLineEdit(placeholderText=title)
        field.setObjectName(name)
        field.setAccessibleName(title)
        field.setClearButtonEnabled(True)
        return field

    def _toggle(self, name: str, title: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(title)
        button.setCheckable(True)
        button.setObjectName(name)
        button.setAccessibleName(tip)
        button.setToolTip(tip)
        button.setProperty("tool", True)
        button.toggled.connect(self.refresh)
        return button

    def _build(self) -> None:
        above, below = QHBoxLayout(), QHBoxLayout()
        above.addWidget(self._find, 1)
        for widget in (self._case, self._word, self._regex, self._keys, self._values, self._close):
            above.addWidget(widget)
        below.addWidget(self._replacement, 1)
        for button in (self._result, self._next, self._all):
            below.addWidget(button)
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 8, 8)
        grid.setVerticalSpacing(6)
        grid.addLayout(above, 0, 0)
        grid.addLayout(below, 1, 0)
        self._find.textChanged.connect(self.refresh)
        self._find.returnPressed.connect(self._ask_next)
        self._next.clicked.connect(self._ask_next)
        self._all.clicked.connect(self._ask_replace)
        self._close.clicked.connect(self.hide)
        escape = QAction(self)
        escape.setShortcut("Esc")
        escape.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.triggered.connect(self.hide)
        self.addAction(escape)

    def start(self) -> None:
        """Show the bar and let the user type."""
        self.show()
        self.refresh()
        self._find.setFocus()
        self._find.selectAll()

    def search(self) -> Search:
        """Return what to look for."""
        return Search(
            text=self._find.text(),
            regex=self._regex.isChecked(),
            whole_word=self._word.isChecked(),
            match_case=self._case.isChecked(),
            keys=self._keys.isChecked(),
            values=self._values.isChecked(),
        )

    def refresh(self) -> None:
        """Count again."""
        if self.isHidden():
            return
        try:
            found = self._count(self.search())
        except ValueError as mistake:
            self.show_mistake(str(mistake))
            return
        set_property(self._result, "role", "dim")
        set_property(self._find, "state", "")
        told = self.tr("{matches} matches in {places}").format(
            matches=text.count(found.matches), places=places(found, self.search())
        )
        if found.left_out:
            told += " · " + self.tr("Long values not searched: {number}").format(
                number=text.count(found.left_out)
            )
        self._result.setText(told)
        for button in (self._next, self._all):
            button.setEnabled(bool(found.matches))

    def show_mistake(self, message: str) -> None:
        """Say why there is nothing to find or replace."""
        set_property(self._result, "role", "bad")
        set_property(self._find, "state", "bad")
        self._result.setText(message)
        self._next.setEnabled(False)
        self._all.setEnabled(False)

    def _ask_next(self) -> None:
        self.next_requested.emit(self.search())

    def _ask_replace(self) -> None:
        self.replace_requested.emit(self.search(), self._replacement.text())


def places(found: Found, search: Search) -> str:
    """Say where something was found: ``3 keys``, of several files ``5 values of 2 files``."""
    rows = text.count(found.rows)
    if not found.files:
        return tr("{rows} keys").format(rows=rows)
    files = text.counted(found.files, "file")
    if search.keys:
        return tr("{rows} keys of {files}").format(rows=rows, files=files)
    return tr("{values} of {files}").format(values=text.counted(found.rows, "value"), files=files)


def tr(sentence: str) -> str:
    """Translate a text of the bar."""
    return QCoreApplication.translate("FindBar", sentence)
