"""The question before edits of metadata are saved: what changes, and how to do it."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.edit_plan_text import changed_keys, header_line, keys_line
from ckpt_studio.app.problem_lines import problem_line
from ckpt_studio.core import text
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.problems import Severity
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.labels import ElidedLabel, label

_WIDTH = 620
_MOST = 8
_BESIDE_TICK = 27


@dataclass(frozen=True, slots=True)
class EditAnswer:
    """What the user ticked; with ``copy`` the edits go into another file."""

    options: WriteOptions
    skip_next_time: bool
    copy: bool = False


class EditPlanDialog(QDialog):
    """Shows the plans of one or more files. Save is the default: nothing is lost by it."""

    def __init__(self, plans: Sequence[Plan], *, hashes: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("editPlan")
        one = len(plans) == 1
        title = self.tr("Save metadata") if one else self.tr("Save metadata of {files}")
        self.setWindowTitle(title.format(files=text.counted(len(plans), "file")))
        self._copy = False
        self._keep_date = self._tick("editKeepDate", self.tr("Keep the file &date"))
        self._hashes = self._tick(
            "editHashes", self.tr("Compute &hashes (SHA-256, AutoV2, AutoV3 before and after)")
        )
        self._hashes.setChecked(hashes)
        self._skip = self._tick("editSkip", self.tr("Do&n't ask when nothing is unusual"))
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(ElidedLabel(str(plans[0].output), "h1") if one else self._files(plans))
        column.addWidget(self._facts(plans))
        for problem in dict.fromkeys(problem for plan in plans for problem in plan.problems):
            if problem.severity is not Severity.NOTE or problem.hint:
                column.addLayout(problem_line(problem))
        self._add_ticks(column)
        column.addLayout(self._buttons(one=one))
        self.setMinimumWidth(_WIDTH)

    @property
    def answer(self) -> EditAnswer:
        """What the user ticked."""
        options = WriteOptions(
            hashes=self._hashes.isChecked(), keep_date=self._keep_date.isChecked()
        )
        return EditAnswer(options, self._skip.isChecked(), self._copy)

    def set_skip(self, *, skip: bool) -> None:
        """Tick that the question is left out from now on."""
        self._skip.setChecked(skip)

    def _files(self, plans: Sequence[Plan]) -> QWidget:
        names = [plan.sources[0].path.name for plan in plans]
        more = self.tr(" and {count} more").format(count=len(names) - _MOST)
        shown = ", ".join(names[:_MOST]) + (more if names[_MOST:] else "")
        return label(shown, "h2", wrap=True)

    def _facts(self, plans: Sequence[Plan]) -> QFrame:
        frame = QFrame()
        frame.setProperty("card", True)
        grid = QGridLayout(frame)
        grid.setContentsMargins(14, 10, 14, 10)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        size = text.binary_size(sum(plan.data_bytes for plan in plans))
        stays = self.tr("{size}: every byte stays, and so does their order").format(size=size)
        hashes = self.tr("SHA-256, AutoV1 and AutoV2 will change; AutoV3 stays")
        rows = [
            *self._of_each(plans),
            (self.tr("Tensors"), stays, ""),
            (self.tr("Hashes"), hashes, ""),
        ]
        for number, (head, line, tip) in enumerate(rows):
            value = label(line, wrap=True)
            value.setToolTip(tip)
            value.setAccessibleName(f"{head}: {line}")
            grid.addWidget(label(head, "dim"), number, 0)
            grid.addWidget(value, number, 1)
        return frame

    def _of_each(self, plans: Sequence[Plan]) -> list[tuple[str, str, str]]:
        if len(plans) == 1:
            keys = (self.tr("Metadata"), keys_line(plans[0]), changed_keys(plans[0]))
            return [keys, (self.tr("Header"), header_line(plans[0]), "")]
        return [
            (plan.sources[0].path.name, f"{keys_line(plan)} · {header_line(plan)}", "")
            for plan in plans[:_MOST]
        ]

    def _tick(self, name: str, words: str) -> QCheckBox:
        box = QCheckBox(words)
        box.setObjectName(name)
        return box

    def _add_ticks(self, column: QVBoxLayout) -> None:
        told = self.tr(
            "A1111 and Forge go by the date: with the old one they may go on showing "
            "the old metadata and hash."
        )
        self._keep_date.setAccessibleDescription(told)
        warning = label(told, "dim", wrap=True)
        warning.setContentsMargins(_BESIDE_TICK, 0, 0, 0)
        dates = QVBoxLayout()
        dates.setSpacing(2)
        dates.addWidget(self._keep_date)
        dates.addWidget(warning)
        column.addLayout(dates)
        column.addWidget(self._hashes)
        column.addWidget(self._skip)

    def _buttons(self, *, one: bool) -> QHBoxLayout:
        copy = self._button("editCopy", self.tr("Save a &copy…"))
        copy.setVisible(one)
        cancel = self._button("editCancel", self.tr("&Cancel"))
        save = self._button("editSave", self.tr("&Save"))
        save.setProperty("role", "primary")
        save.setDefault(True)
        save.setFocus()
        copy.clicked.connect(self._accept_copy)
        cancel.clicked.connect(self.reject)
        save.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addWidget(copy)
        row.addStretch()
        row.addWidget(cancel)
        row.addWidget(save)
        return row

    def _button(self, name: str, words: str) -> QPushButton:
        button = QPushButton(words, self)
        button.setObjectName(name)
        return button

    def _accept_copy(self) -> None:
        self._copy = True
        self.accept()
