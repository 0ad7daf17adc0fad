"""The list of model folders: program, path, how many models, and what is wrong."""

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem
from typing_extensions import override

from ckpt_studio.app.model_folders import Folder
from ckpt_studio.core import text
from ckpt_studio.core.model_folders import Listing
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.qt import theme

FolderRole = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_LONGEST = 400


def tr(sentence: str) -> str:
    """Translate a text of the list."""
    return QCoreApplication.translate("FolderRows", sentence)


def title(folder: Folder) -> str:
    """Return what people call a folder: its program, else its own name."""
    listing = folder.listing
    program = listing.location.program if listing else ""
    own = folder.path.name or str(folder.path)
    if program and folder.path.suffix:
        return tr("{program}, {list}").format(program=program, list=own)
    return program or own


def counted(folder: Folder) -> str:
    """Return how many models were found."""
    if folder.busy and folder.listing is None:
        return tr("looking…")
    if folder.listing is None:
        return ""
    number = len(folder.listing.models)
    return tr("1 model") if number == 1 else tr("{count} models").format(count=text.count(number))


def trouble(folder: Folder) -> str:
    """Return what is wrong with a folder, "" where nothing is."""
    if folder.error is not None:
        return folder.error.message
    return _parts(folder.listing) if folder.listing else ""


def _parts(listing: Listing) -> str:
    missing, unreadable = len(listing.location.missing), listing.unreadable
    parts = []
    if missing:
        one = tr("1 folder of the list is missing")
        parts.append(one if missing == 1 else tr("{count} folders of the list are missing"))
    if unreadable:
        one = tr("1 entry could not be read")
        parts.append(one if unreadable == 1 else tr("{count} entries could not be read"))
    numbers = [number for number in (missing, unreadable) if number]
    return ", ".join(
        part.format(count=text.count(number)) for part, number in zip(parts, numbers, strict=True)
    )


def tip(folder: Folder) -> str:
    """Return everything about a folder in lines."""
    lines = [one_line(str(folder.path), 2000)]
    if folder.error is not None:
        lines += [folder.error.message, folder.error.hint]
    elif folder.listing is not None:
        lines += [one_line(str(path), 2000) for path in folder.listing.location.missing]
    return "\n".join(filter(None, lines))


class FolderModel(QAbstractListModel):
    """One row for each folder."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folders: tuple[Folder, ...] = ()

    def show_folders(self, folders: tuple[Folder, ...]) -> None:
        """Show other folders; the rows stay where only what is known of them changed."""
        if [each.path for each in folders] == [each.path for each in self._folders]:
            self._folders = folders
            if folders:
                self.dataChanged.emit(self.index(0), self.index(len(folders) - 1))
            return
        self.beginResetModel()
        self._folders = folders
        self.endResetModel()

    @override
    def rowCount(self, parent: _Index = _ROOT, /) -> int:
        return 0 if parent.isValid() else len(self._folders)

    @override
    def data(self, index: _Index, /, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        folder = self._folders[index.row()]
        if role == FolderRole:
            return folder
        if role == Qt.ItemDataRole.DisplayRole:
            return title(folder)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(folder)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            said = (title(folder), str(folder.path), counted(folder), trouble(folder))
            return ", ".join(filter(None, said))
        return None


class FolderDelegate(QStyledItemDelegate):
    """Paints two lines: the name and the number of models; the path and what is wrong."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(200, 2 * option.fontMetrics.height() + 16)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        folder = index.data(FolderRole)
        colors = theme.current()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        if selected:
            painter.fillRect(option.rect, colors.color("accent"))
        bad = "bad" if folder.error else "warn"
        roles = ("text", "dim", "dim", bad) if not selected else ("on_accent",) * 4
        inside = option.rect.adjusted(10, 6, -10, -6)
        height = inside.height() // 2
        upper, lower = QRect(inside), QRect(inside)
        upper.setHeight(height)
        lower.setTop(inside.top() + height)
        bold = QFont(option.font)
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(colors.color(roles[0]))
        _draw(painter, upper, title(folder), Qt.AlignmentFlag.AlignLeft)
        painter.setFont(option.font)
        painter.setPen(colors.color(roles[2]))
        _draw(painter, upper, counted(folder), Qt.AlignmentFlag.AlignRight)
        wrong = trouble(folder)
        used = min(option.fontMetrics.horizontalAdvance(wrong) + 6, lower.width() * 6 // 10)
        painter.setPen(colors.color(roles[3]))
        _draw(painter, lower.adjusted(lower.width() - used, 0, 0, 0), wrong, _RIGHT)
        painter.setPen(colors.color(roles[1]))
        room = lower.adjusted(0, 0, -used - 12 if wrong else 0, 0)
        _draw(painter, room, str(folder.path), Qt.AlignmentFlag.AlignLeft)
        painter.restore()


_RIGHT = Qt.AlignmentFlag.AlignRight


def _draw(painter: QPainter, rect: QRect, words: str, side: Qt.AlignmentFlag) -> None:
    """Draw one line, cut in the middle where it does not fit."""
    mode = Qt.TextElideMode.ElideMiddle
    cut = painter.fontMetrics().elidedText(one_line(words, _LONGEST), mode, rect.width())
    painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter), cut)
