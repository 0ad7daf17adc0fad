"""What can be done with selected tensors, and the button that exports the shown ones."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.panels.source_links import short_name
from ckpt_studio.app.panels.tensor_filters import TensorFilters
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.query import Row
from ckpt_studio.core.table_export import TableFormat

_MOST_SOURCES = 6


class ExportButton(QToolButton):
    """A button with a menu of formats."""

    format_chosen = Signal(object)  # TableFormat

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(self.tr("Export"))
        self.setObjectName("tensorExport")
        self.setAccessibleName(self.tr("Export the tensors shown"))
        self.setToolTip(self.tr("Save the tensors shown, in their order, as a text file"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setProperty("tool", True)
        self.setProperty("menu", True)
        menu = QMenu(self)
        for form in TableFormat:
            action = menu.addAction(form.label)
            action.setObjectName(f"tensorExport{form.name.title()}")
            action.triggered.connect(lambda _=False, form=form: self.format_chosen.emit(form))
        self.setMenu(menu)


def context_menu(
    rows: Sequence[Row],
    filters: TensorFilters,
    copy_rows: Callable[[], None],
    parent: QWidget,
    on_bytes: Mapping[str, Callable[[], None]],
) -> QMenu:
    """Return the menu for some selected tensors.

    ``on_bytes`` is what can be done with their bytes: ``values``, ``save_array``.
    """
    menu = QMenu(parent)
    menu.aboutToHide.connect(menu.deleteLater)
    first = rows[0]
    title = parent.tr("Copy key") if len(rows) == 1 else parent.tr("Copy keys")
    _add(menu, "copyKeys", title, lambda: _copy_keys(rows))
    copy = _add(menu, "copyRows", parent.tr("Copy rows"), copy_rows)
    menu.actions()[copy].setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
    menu.addSeparator()
    titles = {"values": parent.tr("Values"), "save_array": parent.tr("Save tensor as .npy…")}
    for name, act in on_bytes.items():
        _add(menu, name, titles[name], act)
    menu.addSeparator()
    if first.block:
        block = f"{part_name(first.part)} {first.block}".strip()
        _add(
            menu,
            "filterBlock",
            parent.tr("Show only {block}").format(block=block),
            lambda: filters.narrow(part=first.part, block=first.block),
        )
    dtype = first.tensor.dtype.label
    _add(
        menu,
        "filterType",
        parent.tr("Show only {type}").format(type=dtype),
        lambda: filters.narrow_to_type(dtype),
    )
    return menu


def add_sources(
    menu: QMenu, documents: Sequence[Document], show: Callable[[Document], None]
) -> None:
    """Add the way to the files in which tensors of a new checkpoint are: bytes are told there."""
    menu.addSeparator()
    for document in documents[:_MOST_SOURCES]:
        name = short_name(one_line(document.title)).replace("&", "&&")
        title = menu.tr("Look at the file itself: {name}").format(name=name)
        _add(menu, "lookAtSource", title, partial(show, document))


def _add(menu: QMenu, name: str, title: str, act: Callable[[], None]) -> int:
    action = menu.addAction(title)
    action.setObjectName(name)
    action.triggered.connect(lambda _=False: act())
    return len(menu.actions()) - 1


def _copy_keys(rows: Sequence[Row]) -> None:
    QGuiApplication.clipboard().setText("\n".join(row.tensor.name for row in rows))
