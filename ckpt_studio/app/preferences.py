"""The preferences: model folders, appearance, saving. Every change counts at once."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from ckpt_studio.app.folders_page import FoldersPage
from ckpt_studio.app.model_folders import ModelFolders
from ckpt_studio.app.settings import Settings
from ckpt_studio.qt.labels import label
from ckpt_studio.qt.theme import Scheme

_SIZE = (700, 480)


class Preferences(QDialog):
    """Stays beside the window; Esc or Close hides it."""

    def __init__(
        self,
        settings: Settings,
        folders: ModelFolders,
        themes: dict[Scheme, QAction],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("preferences")
        self.setWindowTitle(self.tr("Preferences"))
        self.resize(*_SIZE)
        self._saving = SavingPage(settings)
        self._tabs = QTabWidget()
        self._tabs.setObjectName("preferencePages")
        self._tabs.setAccessibleName(self.tr("Preferences"))
        self._tabs.addTab(FoldersPage(folders, settings), self.tr("&Folders"))
        self._tabs.addTab(AppearancePage(themes), self.tr("A&ppearance"))
        self._tabs.addTab(self._saving, self.tr("Sa&ving"))
        close = QPushButton(self.tr("&Close"))
        close.setObjectName("closePreferences")
        close.setDefault(True)
        close.clicked.connect(self.close)
        below = QHBoxLayout()
        below.addStretch()
        below.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 14)
        column.setSpacing(12)
        column.addWidget(self._tabs, 1)
        column.addLayout(below)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        self._saving.show_settings()
        super().showEvent(event)

    @Slot()
    def bring_up(self) -> None:
        """Show the page that was shown last, before the window."""
        self.show()
        self.raise_()
        self.activateWindow()

    @Slot()
    def show_folders(self) -> None:
        """Show the page for model folders."""
        self._tabs.setCurrentIndex(0)
        self.bring_up()


class AppearancePage(QWidget):
    """The theme; the menu View has the same choice."""

    def __init__(self, themes: dict[Scheme, QAction]) -> None:
        super().__init__()
        texts = {
            Scheme.SYSTEM: self.tr("Like the &system"),
            Scheme.LIGHT: self.tr("&Light"),
            Scheme.DARK: self.tr("&Dark"),
        }
        column = _page(self)
        column.addWidget(label(self.tr("Theme"), "h2"))
        for scheme, action in themes.items():
            button = QRadioButton(texts[scheme])
            button.setObjectName(f"theme{scheme.value.capitalize()}")
            button.setChecked(action.isChecked())
            button.clicked.connect(action.trigger)
            action.toggled.connect(button.setChecked)
            column.addWidget(button)
        column.addStretch()


class SavingPage(QWidget):
    """What is ticked in the save plan at first, and when the plan is shown."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._verify = self._box(
            "preferVerify",
            self.tr("&Verify after writing"),
            self.tr("Read the file back and compare every tensor"),
        )
        self._hashes = self._box(
            "preferHashes",
            self.tr("Compute &hashes (SHA-256, AutoV2, AutoV3)"),
            self.tr("Civitai and others find a model by its hashes"),
        )
        self._skip = self._box(
            "preferSkipPlan",
            self.tr("Save &without showing the plan when nothing is unusual"),
            self.tr("Warnings, missing parts and files that would be replaced are always shown"),
        )
        self._edit_hashes = self._box(
            "preferEditHashes",
            self.tr("Compute hashes, before and after"),
            self.tr("Reads the whole file; AutoV3 shows that the tensors stayed"),
        )
        self._skip_edits = self._box(
            "preferSkipEdits",
            self.tr("Save without asking when nothing is unusual"),
            self.tr("Warnings are always shown"),
        )
        whole, edits = (
            (self._verify, self._hashes, self._skip),
            (self._edit_hashes, self._skip_edits),
        )
        column = _page(self)
        self._add(column, self.tr("When a checkpoint is saved"), whole)
        self._add(column, self.tr("When edited metadata are saved"), edits)
        column.addStretch()
        self.show_settings()
        for box in (*whole, *edits):
            box.clicked.connect(self._keep)

    def _add(self, column: QVBoxLayout, title: str, boxes: Sequence[QCheckBox]) -> None:
        column.addWidget(label(title, "h2"))
        for box in boxes:
            column.addWidget(box)
            column.addWidget(_below(box.toolTip()))

    def _box(self, name: str, words: str, tip: str) -> QCheckBox:
        box = QCheckBox(words)
        box.setObjectName(name)
        box.setToolTip(tip)
        return box

    def show_settings(self) -> None:
        """Show what the settings say; the save plan changes them too."""
        settings = self._settings
        self._verify.setChecked(settings.verify)
        self._hashes.setChecked(settings.hashes)
        self._skip.setChecked(settings.skip_usual_plan)
        self._edit_hashes.setChecked(settings.edit_hashes)
        self._skip_edits.setChecked(settings.skip_usual_edit)

    @Slot()
    def _keep(self) -> None:
        settings = self._settings
        settings.verify = self._verify.isChecked()
        settings.hashes = self._hashes.isChecked()
        settings.skip_usual_plan = self._skip.isChecked()
        settings.edit_hashes = self._edit_hashes.isChecked()
        settings.skip_usual_edit = self._skip_edits.isChecked()


def _below(words: str) -> QLabel:
    """Return what a tick box means, under its text and apart from the next one."""
    result = label(words, "dim", wrap=True)
    result.setContentsMargins(27, 0, 0, 8)
    return result


def _page(page: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(page)
    column.setContentsMargins(2, 14, 2, 2)
    column.setSpacing(6)
    column.setAlignment(Qt.AlignmentFlag.AlignTop)
    return column
