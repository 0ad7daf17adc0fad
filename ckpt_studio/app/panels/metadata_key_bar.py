"""The line in which a key is named: a new one, or another name for one that exists."""

from collections.abc import Callable

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCompleter,
    QFrame,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from ckpt_studio.core.editing.metadata_rules import library_clash
from ckpt_studio.core.metadata import LOCKED_KEYS
from ckpt_studio.qt.labels import label, set_property

_KNOWN = (
    "prompt",
    "workflow",
    *(
        f"modelspec.{name}"
        for name in (
            "sai_model_spec",
            "architecture",
            "implementation",
            "title",
            "description",
            "author",
            "date",
            "license",
            "usage_hint",
            "tags",
            "merged_from",
            "resolution",
            "prediction_type",
            "trigger_phrase",
            "thumbnail",
        )
    ),
    *LOCKED_KEYS,
)


class KeyBar(QFrame):
    """Takes a key and says below the field why it cannot be used."""

    confirmed = Signal(str, str)  # the key as it was ("" for a new one), the key as typed

    def __init__(self, check: Callable[[str, str], str], parent: QWidget | None = None) -> None:
        """``check`` gets both keys and returns what is wrong, ``""`` for nothing."""
        super().__init__(parent)
        self.setProperty("card", "true")
        self._check, self._old = check, ""
        self._caption = label()
        self._field = QLineEdit()
        self._field.setObjectName("metadataKey")
        self._field.setAccessibleName(self.tr("Key"))
        self._caption.setBuddy(self._field)
        completer = QCompleter(QStringListModel(sorted(set(_KNOWN)), self), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._field.setCompleter(completer)
        self._ok, self._cancel = QPushButton(self.tr("Add")), QPushButton(self.tr("Cancel"))
        self._ok.setObjectName("metadataKeyOk")
        self._cancel.setObjectName("metadataKeyCancel")
        self._message = label(role="bad", wrap=True)
        self._message.setObjectName("metadataKeyMessage")
        self._build()
        self.hide()

    def _build(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 8, 8)
        grid.setVerticalSpacing(2)
        for place, widget in enumerate((self._caption, self._field, self._ok, self._cancel)):
            grid.addWidget(widget, 0, place)
        grid.addWidget(self._message, 1, 1, 1, 3)
        grid.setColumnStretch(1, 1)
        self._field.textEdited.connect(self._show_mistake)
        self._field.returnPressed.connect(self._confirm)
        self._ok.clicked.connect(self._confirm)
        self._cancel.clicked.connect(self.hide)
        escape = QAction(self)
        escape.setShortcut("Esc")
        escape.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.triggered.connect(self.hide)
        self.addAction(escape)

    def start(self, old: str = "", suggestion: str = "") -> None:
        """Ask for a new key, or for another name for ``old``."""
        self._old = old
        self._caption.setText(self.tr("New name") if old else self.tr("New key"))
        self._ok.setText(self.tr("Rename") if old else self.tr("Add"))
        self._field.setText(old or suggestion)
        self._message.hide()
        set_property(self._field, "state", "")
        self.show()
        self._field.setFocus()
        self._field.selectAll()

    def _show_mistake(self) -> bool:
        mistake = self._check(self._old, self._field.text())
        typing = not self._field.text()
        told = mistake or library_clash(self._field.text())
        set_property(self._message, "role", "bad" if mistake else "warn")
        self._message.setText("" if typing else told)
        self._message.setVisible(bool(told) and not typing)
        self._field.setAccessibleDescription(told)
        set_property(self._field, "state", "bad" if mistake and not typing else "")
        return bool(mistake)

    def _confirm(self) -> None:
        if self._show_mistake():
            self._message.setText(self._check(self._old, self._field.text()))
            self._message.show()
            return
        self.hide()
        self.confirmed.emit(self._old, self._field.text())
