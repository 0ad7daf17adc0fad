"""The panes of the window: their margins, and moving the focus from one to the next."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget
from typing_extensions import override

_SIDE = 20
_PANELS = (
    *("assemblePanel", "tensorsPanel", "metadataPanel"),
    *("comparePanel", "mergePanel", "jobsPanel"),
)
_PANES = ("rail", *_PANELS, "jobStrip")


class Margin(QWidget):
    """Gives a widget the side margins of the panels; takes no room while that is hidden."""

    def __init__(self, inside: QWidget, top: int = 0, bottom: int = 0) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(_SIDE, top, _SIDE, bottom)
        column.addWidget(inside)
        inside.installEventFilter(self)
        self.setVisible(not inside.isHidden())

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShowToParent:
            self.show()
        elif event.type() is QEvent.Type.HideToParent:
            self.hide()
        return super().eventFilter(watched, event)


def show_in_folder(path: Path) -> None:
    """Open the folder of a file in the file manager; a folder is opened itself."""
    folder = path if path.is_dir() else path.parent
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def focus_next_pane(window: QMainWindow) -> None:
    """Move the focus to the next pane that is visible."""
    found = (window.findChild(QWidget, name) for name in _PANES)
    panes = [pane for pane in found if pane is not None and pane.isVisible()]
    here = [place for place, pane in enumerate(panes) if _has_focus(pane)]
    first_focus(panes[(here[0] + 1) % len(panes) if here else 0])


def first_focus(pane: QWidget) -> None:
    """Give the focus to the first control of a pane, in tab order."""
    widget = pane.nextInFocusChain()
    while widget is not None and widget is not pane:
        if pane.isAncestorOf(widget) and _takes_focus(widget):
            widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return
        widget = widget.nextInFocusChain()


def _has_focus(pane: QWidget) -> bool:
    focus = QApplication.focusWidget()
    return focus is not None and pane.isAncestorOf(focus)


def _takes_focus(widget: QWidget) -> bool:
    tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return tab and widget.isEnabled() and widget.isVisible()
