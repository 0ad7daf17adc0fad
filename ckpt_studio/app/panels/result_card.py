"""What was saved: where, how large, how long, its hashes, and what to do with it next."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.core import text
from ckpt_studio.core.plan import Report
from ckpt_studio.qt.icons import icon
from ckpt_studio.qt.labels import ElidedLabel, IconLabel, label


class ResultCard(QFrame):
    """Stays below the plan until it is dismissed or something else is saved."""

    show_in_folder_requested = Signal(object)  # Path
    open_requested = Signal(object)  # tuple[Path, ...]
    filled = Signal()

    def __init__(self, parent: QWidget | None = None, *, noun: str = "part") -> None:
        """``noun`` is what several files are called."""
        super().__init__(parent)
        self._noun = noun
        self.setObjectName("resultCard")
        self.setProperty("banner", "good")
        self._report: Report | None = None
        self._title = ElidedLabel(role="h2")
        self._summary = label(role="dim", wrap=True)
        self._hashes = QGridLayout()
        self._buttons = {
            "showInFolder": QPushButton(self.tr("Show in folder")),
            "copyHashes": QPushButton(self.tr("Copy hashes")),
            "openResult": QPushButton(self.tr("Open result")),
        }
        self._close = QToolButton()
        self._build()
        self._buttons["showInFolder"].clicked.connect(self._show_in_folder)
        self._buttons["openResult"].clicked.connect(self._open)
        self._buttons["copyHashes"].clicked.connect(self._copy)
        self._close.clicked.connect(self.hide)
        self.hide()

    def _build(self) -> None:
        self._close.setObjectName("dismissResult")
        self._close.setIcon(icon("close"))
        self._close.setAccessibleName(self.tr("Dismiss"))
        self._close.setToolTip(self.tr("Dismiss"))
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(IconLabel(icon("check-circle-outline", "good"), 18))
        head.addWidget(self._title, 1)
        for name, button in self._buttons.items():
            button.setObjectName(name)
            head.addWidget(button)
        head.addWidget(self._close)
        self._hashes.setHorizontalSpacing(14)
        self._hashes.setVerticalSpacing(2)
        self._hashes.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 10, 12)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._summary)
        column.addLayout(self._hashes)

    @property
    def report(self) -> Report | None:
        """What is shown."""
        return self._report

    def show_report(self, report: Report) -> None:
        """Show what was written."""
        self._report = report
        self._title.set_text(self._saved(report), str(report.path))
        self._summary.setText("\n".join((str(report.path), summary(report))))
        self._show_hashes(hashes(report))
        self._buttons["copyHashes"].setVisible(bool(hashes(report)))
        self.setAccessibleName(self._title.full_text)
        self.setAccessibleDescription(summary(report))
        self.show()
        self.filled.emit()

    def _saved(self, report: Report) -> str:
        if separate(report):
            files = text.counted(len(report.files), self._noun)
            return self.tr("Saved {files}").format(files=files)
        return self.tr("Saved {name}").format(name=report.path.name)

    def _show_hashes(self, values: dict[str, str]) -> None:
        while (item := self._hashes.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for row, (name, value) in enumerate(values.items()):
            shown = label(value)
            shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._hashes.addWidget(label(name, "dim"), row, 0)
            self._hashes.addWidget(shown, row, 1)

    def _show_in_folder(self) -> None:
        if self._report is not None:
            self.show_in_folder_requested.emit(self._report.path)

    def _open(self) -> None:
        if self._report is not None:
            self.open_requested.emit(results(self._report))

    def _copy(self) -> None:
        if self._report is not None:
            lines = (f"{name}: {value}" for name, value in hashes(self._report).items())
            QGuiApplication.clipboard().setText("\n".join(lines))


def separate(report: Report) -> bool:
    """Whether the files are models of their own, not shards or the folder of one model."""
    return bool(report.files) and all(_is_model(file.path) for file in report.files)


def _is_model(path: Path) -> bool:
    return path.suffix.lower() in {".safetensors", ".sft"}


def results(report: Report) -> tuple[Path, ...]:
    """Return what can be opened of what was written."""
    return tuple(file.path for file in report.files) if separate(report) else (report.path,)


def hashes(report: Report) -> dict[str, str]:
    """Return the hashes that were computed, by the names people know them by, or by file."""
    if report.files:
        named = ((_name(file.path, report.path), file.sha256) for file in report.files)
        return {name: value for name, value in named if value}
    known = {"SHA-256": report.sha256, "AutoV2": report.autov2, "AutoV3": report.autov3}
    known["AutoV3 before"] = report.autov3_before
    return {name: value for name, value in known.items() if value}


def _name(path: Path, root: Path) -> str:
    inside = path.is_relative_to(root)
    return path.relative_to(root).as_posix() if inside else path.name


def summary(report: Report) -> str:
    """Return size, time and what was done in one line."""
    speed = report.bytes / report.seconds if report.seconds else 0.0
    parts = [text.binary_size(report.bytes), text.duration(report.seconds)]
    parts.append("blocks shared, not copied" if report.shared else text.speed(speed))
    if report.files:
        parts.insert(0, text.counted(len(report.files), "file"))
    if report.verified:
        parts.append("read back and verified")
    if report.overflowed:
        parts.append(f"{text.count(len(report.overflowed))} tensors had values that did not fit")
    return " · ".join(parts)
