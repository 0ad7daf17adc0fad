"""The command behind undo: one value for another."""

from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QUndoCommand
from typing_extensions import override

Show = Callable[[Any, Any], object]
"""Takes the value to be shown and the one that it replaces."""


class Swap(QUndoCommand):
    """Swap a value before for the value after; steps in a row with one ``merge`` number are one.

    A step that ends where it began is none.
    """

    def __init__(
        self, title: str, before: object, after: object, show: Show, merge: int = -1
    ) -> None:
        super().__init__(title)
        self._before, self._after = before, after
        self._show, self._merge = show, merge

    @override
    def id(self) -> int:
        return self._merge

    @override
    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, Swap):
            return False
        self._after = other._after  # noqa: SLF001 - of the same class
        self.setObsolete(self._after == self._before)
        return True

    @override
    def redo(self) -> None:
        self._show(self._after, self._before)

    @override
    def undo(self) -> None:
        self._show(self._before, self._after)
