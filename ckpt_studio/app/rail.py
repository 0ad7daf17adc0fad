"""The navigation rail: one button for each panel."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from ckpt_studio.qt.icons import icon

_WIDTH = 84
_ICONS = (
    *("puzzle-outline", "table", "tag-text-outline"),
    *("compare-horizontal", "source-merge", "progress-clock"),
)


class Rail(QFrame):
    """Buttons over the actions of the panels, so that menu, shortcut and button are one."""

    def __init__(self, actions: tuple[QAction, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setMinimumWidth(_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 12, 8, 12)
        column.setSpacing(4)
        for action, picture in zip(actions, _ICONS, strict=True):
            action.setIcon(icon(picture))
            action.setIconVisibleInMenu(False)
            button = QToolButton()
            button.setDefaultAction(action)
            button.setObjectName(f"nav{action.objectName().removeprefix('actionPanel')}")
            button.setProperty("nav", True)
            button.setText(action.text().replace("&", ""))
            button.setAccessibleName(button.text())
            button.setIconSize(QSize(22, 22))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            column.addWidget(button)
        column.addStretch()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(max(_WIDTH, column.sizeHint().width()))
