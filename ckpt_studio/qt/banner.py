"""The one way problems are shown in the window: what happened, what to do, details to copy."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import IconLabel, label, set_property

_ICONS = {
    "error": ("alert-circle-outline", "bad"),
    "warning": ("alert-outline", "warn"),
    "note": ("information-outline", "accent"),
    "good": ("check-circle-outline", "good"),
}
_DETAILS_HEIGHT = 140


@dataclass(frozen=True, slots=True)
class Remedy:
    """A button that helps: its caption and what it does; the banner goes with the click."""

    caption: str
    act: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Message:
    """What happened, what to do about it, and what a developer wants to know.

    ``kind`` is error, warning, note or good. At most two buttons help.
    """

    what: str
    todo: str = ""
    details: str = ""
    kind: str = "error"
    remedies: tuple[Remedy, ...] = ()


class Banner(QFrame):
    """A message at the top of the window that stays until it is dismissed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problemBanner")
        self._message = Message("")
        self._refusal: Message | None = None
        self._displaced: Message | None = None  # an offer that waits until this is read
        self._sign = IconLabel(icon("alert-circle-outline", "bad"), 18)
        self._what, self._todo = label(role="h2", wrap=True), label(role="dim", wrap=True)
        for part in (self._what, self._todo):
            part.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._remedies = (QPushButton(), QPushButton())
        for place, button in enumerate(self._remedies):
            button.setObjectName(("problemAction", "problemSecondAction")[place])
            button.setAccessibleName(self.tr("Help with the problem"))
            button.clicked.connect(lambda _=False, place=place: self._help(place))
        self._more = QPushButton(self.tr("Details"))
        self._more.setObjectName("problemDetails")
        self._more.setCheckable(True)
        self._copy = QPushButton(self.tr("Copy"))
        self._copy.setObjectName("problemCopy")
        self._close = QToolButton()
        self._close.setObjectName("problemClose")
        self._close.setIcon(icon("close"))
        self._close.setAccessibleName(self.tr("Dismiss"))
        self._close.setToolTip(self.tr("Dismiss"))
        self._text = QPlainTextEdit(readOnly=True)
        self._text.setObjectName("problemText")
        self._text.setAccessibleName(self.tr("Details of the problem"))
        self._text.setTabChangesFocus(True)
        self._text.setFixedHeight(_DETAILS_HEIGHT)
        self._build()
        self._more.toggled.connect(self._text.setVisible)
        self._copy.clicked.connect(self._copy_all)
        self._close.clicked.connect(self._dismiss)
        self.hide()

    def _build(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self._what)
        column.addWidget(self._todo)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        for button in (*self._remedies, self._more, self._copy, self._close):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(12, 10, 10, 10)
        outer.addLayout(row)
        outer.addWidget(self._text)

    @property
    def message(self) -> Message:
        """What is shown."""
        return self._message

    def show_message(self, message: Message) -> None:
        """Show a message in place of the one before; an offer comes back when this is dismissed."""
        if self.isVisible() and self._message.remedies and not message.remedies:
            self._displaced = self._message
        self._message = message
        set_property(self, "banner", message.kind)
        self._sign.set_icon(icon(*_ICONS[message.kind]))
        self._what.setText(message.what)
        self._todo.setText(message.todo)
        self._todo.setVisible(bool(message.todo))
        for button in self._remedies:
            button.hide()
        for button, remedy in zip(self._remedies, message.remedies, strict=False):
            button.setText(remedy.caption)
            button.setAccessibleName(remedy.caption)
            button.show()
        self._text.setPlainText(message.details)
        self._more.setVisible(bool(message.details))
        self._copy.setVisible(message.kind in {"error", "warning"})
        self._more.setChecked(False)
        self._text.hide()
        self.setAccessibleName(message.what)
        self.setAccessibleDescription(message.todo)
        self.show()

    def show_refusal(self, message: Message) -> None:
        """Show why something was not taken, until something is taken."""
        self.show_message(message)
        self._refusal = message

    def hide_refusal(self) -> None:
        """Hide a refusal, and nothing else."""
        if self._message is self._refusal:
            self._dismiss()

    def _dismiss(self) -> None:
        offer, self._displaced = self._displaced, None
        self.hide()
        if offer is not None:
            self.show_message(offer)

    def _help(self, place: int) -> None:
        remedy = self._message.remedies[place]
        self.hide()
        remedy.act()

    def _copy_all(self) -> None:
        parts = (self._message.what, self._message.todo, self._message.details)
        QGuiApplication.clipboard().setText("\n\n".join(part for part in parts if part))
