"""The selection of a tree in which a selected folder stands for everything inside."""

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
)
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem
from typing_extensions import override

from ckpt_studio.core.tensor_groups import Group
from ckpt_studio.qt.delegates import ColorDelegate
from ckpt_studio.qt.tensor_tree import TensorTreeModel

_Index = QModelIndex | QPersistentModelIndex
_ADDS = QItemSelectionModel.SelectionFlag.Select


class FolderSelection(QItemSelectionModel):
    """Leaves out what lies in folders that are selected with it.

    Qt compares each run of selected rows with every other one, and asks the model for their
    folders each time: all rows of an open tree of 2,500 tensors took ten seconds.
    """

    def __init__(self, groups: TensorTreeModel, parent: QObject) -> None:
        super().__init__(groups, parent)
        self._groups = groups

    @override
    def select(
        self,
        selection: QItemSelection | _Index,
        command: QItemSelectionModel.SelectionFlag,
    ) -> None:
        if isinstance(selection, QItemSelection) and selection.count() > 1 and command & _ADDS:
            selection = self._without_insides(selection)
        super().select(selection, command)

    def selected(self) -> list[Group]:
        """Return the folders and tensors that are selected, each once."""
        found = {id(group): group for run in _runs(self.selection()) for group in self._of(run)}
        return list(found.values())

    def holds(self, index: _Index) -> bool:
        """Whether a row or a folder around it is selected."""
        while index.isValid():
            if self.isSelected(index):
                return True
            index = index.parent()
        return False

    def _without_insides(self, selection: QItemSelection) -> QItemSelection:
        runs = tuple(_runs(selection))
        chosen = {id(group) for run in runs for group in self._of(run)}
        outermost = QItemSelection()
        for run in runs:
            if not _is_inside(self._groups.group_at(run.parent()), chosen):
                outermost.append(run)
        return outermost

    def _of(self, run: QItemSelectionRange) -> Sequence[Group]:
        children = self._groups.group_at(run.parent()).children
        return children[run.top() : run.bottom() + 1]


class FolderDelegate(ColorDelegate):
    """Shows what lies in a selected folder as selected, too."""

    def __init__(
        self, holds: Callable[[_Index], bool], role: str, parent: QObject | None = None
    ) -> None:
        super().__init__(role, parent)
        self._holds = holds

    @override
    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        if self._holds(index.sibling(index.row(), 0)):
            option.state |= QStyle.StateFlag.State_Selected


def _runs(selection: QItemSelection) -> Iterator[QItemSelectionRange]:
    for place in range(selection.count()):
        yield selection.at(place)


def _is_inside(folder: Group | None, chosen: set[int]) -> bool:
    while folder is not None:
        if id(folder) in chosen:
            return True
        folder = folder.parent
    return False
