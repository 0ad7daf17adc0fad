"""The tensors as a treemap: where the zoom is, what the colours mean, and the plot itself."""

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.panels.plot_menu import PlotMenu
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.query import Row
from ckpt_studio.core.treemap import tiles
from ckpt_studio.qt.labels import ElidedLabel, label
from ckpt_studio.qt.legend import Legend
from ckpt_studio.qt.treemap import Treemap


class TensorMap(QWidget):
    """Zooming in selects what fills the plot; a single tensor is chosen."""

    row_chosen = Signal(object)  # Row
    selection_changed = Signal()
    failed = Signal(Exception)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tensorMap")
        self.plot = Treemap()
        self.plot.setToolTip("")
        self._menu = PlotMenu(self.plot)
        self._menu.failed.connect(self.failed)
        self._crumbs = QHBoxLayout()
        self._crumbs.setSpacing(2)
        self._legend = Legend()
        self._colors = QButtonGroup(self)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addLayout(self._crumbs, 1)
        head.addWidget(self._legend)
        head.addWidget(label(self.tr("Colour"), "dim"))
        for place, title in enumerate((self.tr("Type"), self.tr("Size"))):
            head.addWidget(self._color_button(place, title))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.plot, 1)
        self.setFocusProxy(self.plot)
        self._colors.idToggled.connect(self._take_color)
        self.plot.row_chosen.connect(self.row_chosen)
        self.plot.zoomed.connect(self._show_path)
        self._rows: tuple[Row, ...] | None = None
        self.show_rows(())

    def _color_button(self, place: int, title: str) -> QToolButton:
        button = QToolButton()
        button.setText(title)
        button.setCheckable(True)
        button.setChecked(place == 0)
        button.setProperty("tool", True)
        button.setObjectName(("mapColorType", "mapColorSize")[place])
        button.setAccessibleName(
            (self.tr("Colour tiles by type"), self.tr("Colour tiles by size"))[place]
        )
        button.setToolTip(button.accessibleName())
        self._colors.addButton(button, place)
        return button

    def show_rows(self, rows: Iterable[Row]) -> None:
        """Show other tensors; the map of the same ones stays as it is."""
        rows = tuple(rows)
        if rows != self._rows:
            self._rows = rows
            self.plot.set_root(tiles(rows))

    def selected_rows(self) -> list[Row]:
        """Return what is zoomed into; nothing while everything is shown."""
        return list(self.plot.shown.rows) if self.plot.shown.name else []

    def _take_color(self, place: int, chosen: bool) -> None:
        if chosen:
            self.plot.set_by_size(bool(place))
            self._show_legend()

    def _show_legend(self) -> None:
        shown = self.plot.shown
        if self.plot.by_size:
            self._legend.show_sizes()
        else:
            sizes = shown.dtypes
            self._legend.show_types(sorted(sizes, key=lambda label: -sizes[label]))

    def _show_path(self, names: tuple[str, ...]) -> None:
        while (item := self._crumbs.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)  # nobody finds it any more, although it may still be at work
                widget.deleteLater()
        for depth, name in enumerate((self.tr("All"), *names)):
            shown = one_line(name)
            if depth == len(names):
                here = ElidedLabel(shown)
                here.setObjectName("mapHere")
                self._crumbs.addWidget(here, 1)
            else:
                self._crumbs.addWidget(self._crumb(depth, shown))
                self._crumbs.addWidget(label("›", "dim"))  # noqa: RUF001 - a sign for "inside"
        self._show_legend()
        self.selection_changed.emit()

    def _crumb(self, depth: int, name: str) -> QPushButton:
        button = QPushButton(name)
        button.setObjectName(f"mapCrumb{depth}")
        button.setProperty("role", "link")
        button.setAccessibleName(self.tr("Show {name} again").format(name=name))
        button.setToolTip(self.tr("Zoom out to {name} (Esc goes one step)").format(name=name))
        button.clicked.connect(lambda: self._zoom_to(depth))
        return button

    def _zoom_to(self, depth: int) -> None:
        self.plot.setFocus()
        self.plot.zoom_to(depth)
