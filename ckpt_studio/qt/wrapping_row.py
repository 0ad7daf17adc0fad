"""A row of controls that goes on in the next line where there is no room for all of them."""

from PySide6.QtCore import QEvent, QPoint, QRect, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

_BETWEEN_LINES = 6
_CHANGED = frozenset(
    {
        QEvent.Type.LayoutRequest,
        QEvent.Type.Show,
        QEvent.Type.StyleChange,
        QEvent.Type.FontChange,
    }
)
"""What may give controls another size."""


class WrappingRow(QWidget):
    """Gives each control the size it wants; what comes after ``push_right`` stands at the right.

    It places its controls itself: a ``QLayout`` written in Python loses its items.
    """

    def __init__(self, spacing: int = 6, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controls: list[QWidget] = []
        self._right: int | None = None
        self._spacing = spacing
        self._heights: dict[int, int] = {}
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def add(self, control: QWidget) -> None:
        """Put a control at the end."""
        control.setParent(self)
        self._controls.append(control)

    def push_right(self) -> None:
        """Put what is added from now on at the right end of its line."""
        self._right = len(self._controls)

    @override
    def hasHeightForWidth(self) -> bool:
        return True

    @override
    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines; a layout asks for that of the same widths many times.

        A hidden row is not told of controls that change, so that it remembers nothing.
        """
        known = self._heights.get(width) if self.isVisible() else None
        if known is None:
            heights = [max(_size(each).height() for _, each in line) for line in self._lines(width)]
            known = sum(heights) + _BETWEEN_LINES * max(0, len(heights) - 1)
            self._heights[width] = known
        return known

    @override
    def sizeHint(self) -> QSize:
        sizes = [_size(each) for _, each in self._shown()]
        width = sum(size.width() for size in sizes) + self._spacing * max(0, len(sizes) - 1)
        return QSize(width, self.heightForWidth(max(self.width(), self.minimumSizeHint().width())))

    @override
    def minimumSizeHint(self) -> QSize:
        sizes = [each.minimumSizeHint().expandedTo(each.minimumSize()) for _, each in self._shown()]
        return QSize(
            max((size.width() for size in sizes), default=0),
            max((size.height() for size in sizes), default=0),
        )

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() in _CHANGED:
            self._heights.clear()
        if event.type() in {QEvent.Type.LayoutRequest, QEvent.Type.Show}:
            self._arrange()
            self.updateGeometry()
        return super().event(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
        self.updateGeometry()  # the height that is wanted follows the width

    def _arrange(self) -> None:
        top = 0
        for line in self._lines(self.width()):
            sizes = [_size(each) for _, each in line]
            height = max(size.height() for size in sizes)
            used = sum(size.width() for size in sizes) + self._spacing * (len(sizes) - 1)
            left, rest = 0, max(0, self.width() - used)
            for (index, control), size in zip(line, sizes, strict=True):
                if self._right is not None and index >= self._right:
                    left, rest = left + rest, 0
                place = QPoint(left, top + (height - size.height()) // 2)
                control.setGeometry(QRect(place, size.boundedTo(QSize(self.width(), height))))
                left += size.width() + self._spacing
            top += height + _BETWEEN_LINES

    def _shown(self) -> list[tuple[int, QWidget]]:
        return [(index, each) for index, each in enumerate(self._controls) if not each.isHidden()]

    def _lines(self, width: int) -> list[list[tuple[int, QWidget]]]:
        lines: list[list[tuple[int, QWidget]]] = []
        left = width
        for index, control in self._shown():
            wanted = _size(control).width() + self._spacing
            if not lines or wanted > left:
                lines.append([])
                left = width + self._spacing
            lines[-1].append((index, control))
            left -= wanted
        return lines


def _size(control: QWidget) -> QSize:
    least = control.minimumSizeHint().expandedTo(control.minimumSize())
    return control.sizeHint().expandedTo(least).boundedTo(control.maximumSize())
