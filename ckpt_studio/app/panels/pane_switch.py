"""A view with a pane below it: the values of the selection, or what may be wrong with the file."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QToolButton, QWidget

from ckpt_studio.app.panels.health_pane import HealthPane
from ckpt_studio.app.panels.value_pane import ValuePane

_PANE_SHARE = 0.45
_LEAST_VIEW, _LEAST_PANE = 110, 150


class PaneSwitch(QSplitter):
    """At most one pane is open; ``look`` and ``check`` are the buttons that open and close them."""

    values_shown = Signal()
    health_shown = Signal()

    def __init__(
        self, values: ValuePane, health: HealthPane, parent: QWidget | None = None
    ) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self.setObjectName("tensorPanes")
        self.setChildrenCollapsible(False)
        self.setHandleWidth(9)
        self._values, self._health = values, health
        self._pane_share = _PANE_SHARE
        self.look = _button("tensorValues", self.tr("Values"))
        self.look.setToolTip(self.tr("Range, mean and histogram of the values of the selection"))
        self.check = _button("tensorHealth", self.tr("Check file"))
        self.check.setToolTip(self.tr("Look for what may be wrong with the file, and mend it"))
        self.look.toggled.connect(self._show_values)
        self.check.toggled.connect(self._show_health)
        values.closed.connect(lambda: self.look.setChecked(False))
        health.closed.connect(lambda: self.check.setChecked(False))

    def add_view(self, view: QWidget) -> None:
        """Put the panes below a view, closed."""
        view.setMinimumHeight(_LEAST_VIEW)
        self.addWidget(view)
        self.setStretchFactor(0, 1)
        for pane in (self._values, self._health):
            pane.setMinimumHeight(_LEAST_PANE)
            pane.hide()
            self.addWidget(pane)
            self.setStretchFactor(self.indexOf(pane), 0)

    def show_values(self) -> None:
        """Open the pane with values."""
        self.look.setChecked(True)

    def _show_values(self, shown: bool) -> None:
        if shown:
            self.check.setChecked(False)
        self._open(self._values, shown)
        if shown:
            self.values_shown.emit()

    def _show_health(self, shown: bool) -> None:
        if shown:
            self.look.setChecked(False)
        self._open(self._health, shown)
        if shown:
            self.health_shown.emit()

    def _open(self, pane: QWidget, shown: bool) -> None:
        """Open a pane as large as the last one, or close it."""
        if not shown:
            self._pane_share = self._share_of(pane)
        pane.setVisible(shown)
        if shown:
            below = round(self.height() * self._pane_share)
            sizes = [self.height() - below, below, below]
            self.setSizes(sizes)

    def _share_of(self, pane: QWidget) -> float:
        whole = sum(self.sizes())
        return self.sizes()[self.indexOf(pane)] / whole if whole else _PANE_SHARE


def _button(name: str, title: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setText(title)
    button.setCheckable(True)
    button.setProperty("tool", True)
    button.setAccessibleName(title)
    return button
