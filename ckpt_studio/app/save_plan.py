"""The last look before writing: where to, what becomes of each part, how to check the result."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
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

from ckpt_studio.app.problem_lines import problem_line
from ckpt_studio.app.save_plan_text import (
    PartRow,
    metadata_line,
    part_rows,
    replaced,
    target_lines,
    tr,
)
from ckpt_studio.core import text
from ckpt_studio.core.plan import OnOverflow, Plan, source_names
from ckpt_studio.core.problems import Severity
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.labels import ElidedLabel, label
from ckpt_studio.qt.name_list import NameList
from ckpt_studio.qt.swapping import put_in_place

_WIDTH, _SET_WIDTH = 680, 900
_WIDE = {"From": 2, "To": 3}
"""Columns that share the room there is; their texts are cut where it is short."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the user ticked."""

    options: WriteOptions
    skip_next_time: bool
    on_overflow: OnOverflow = OnOverflow.ERROR


class SavePlanDialog(QDialog):
    """Cancel and Save; where a file is replaced, Replace, and then Cancel is the default."""

    names_path = True
    """Whether the plan begins with the path of the file."""

    def __init__(self, plan: Plan, options: WriteOptions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("savePlan")
        self.setWindowTitle(self.tr("Save checkpoint"))
        self._plan = plan
        self._body = QWidget()
        self._column = QVBoxLayout(self)
        self._verify = QCheckBox(self.tr("&Verify after writing"))
        self._verify.setObjectName("planVerify")
        self._verify.setToolTip(self.tr("Read the file back and compare every tensor"))
        self._verify.setChecked(options.verify)
        self._hashes = QCheckBox(self.tr("Compute &hashes (SHA-256, AutoV2, AutoV3)"))
        self._hashes.setObjectName("planHashes")
        self._hashes.setChecked(options.hashes)
        self._skip = QCheckBox(self.tr("&Don't show when nothing is unusual"))
        self._skip.setObjectName("planSkip")
        self._save, self._cancel = QPushButton(), QPushButton(self.tr("&Cancel"))
        self._overflow = overflow_box(plan)
        self._overflow_row = QWidget()
        self._build()
        self.show_plan(plan)
        self._save.clicked.connect(self.accept)
        self._cancel.clicked.connect(self.reject)

    @property
    def answer(self) -> Answer:
        """What the user ticked."""
        options = WriteOptions(verify=self._verify.isChecked(), hashes=self._hashes.isChecked())
        chosen = OnOverflow(self._overflow.currentData())
        return Answer(options, self._skip.isChecked(), chosen)

    def show_plan(self, plan: Plan) -> None:
        """Show a plan; one with errors cannot be saved."""
        self._plan = plan
        fresh = QWidget()
        column = QVBoxLayout(fresh)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addLayout(self._head())
        column.addWidget(self._table())
        column.addLayout(self._counts())
        column.addWidget(label(metadata_line(plan), "dim", wrap=True))
        for problem in plan.problems:
            if problem.severity is not Severity.NOTE:
                column.addLayout(problem_line(problem))
        put_in_place(self._column, self._body, fresh)
        self._body = fresh
        self._overflow_row.setVisible(plan.computes)
        self._save.setText(self.tr("&Replace") if replaces(plan) else self.tr("&Save"))
        self._save.setEnabled(not plan.errors and plan.output is not None)
        (self._cancel if replaces(plan) else self._save).setDefault(True)

    def _build(self) -> None:
        self._column.setContentsMargins(20, 18, 20, 16)
        self._column.setSpacing(14)
        self._column.addWidget(self._body)
        self._fill_overflow_row()
        self._column.addWidget(self._overflow_row)
        for box in (self._verify, self._hashes, self._skip):
            self._column.addWidget(box)
        self._column.addLayout(self._buttons())
        self.setMinimumWidth(_SET_WIDTH if self._plan.files else _WIDTH)

    def _head(self) -> QVBoxLayout:
        head = QVBoxLayout()
        head.setSpacing(3)
        if self.names_path:
            head.addWidget(ElidedLabel(str(self._plan.output or ""), "h1"))
        for line, role in target_lines(self._plan):
            head.addWidget(label(line, role, wrap=True))
        return head

    def _table(self) -> QFrame:
        frame = QFrame()
        frame.setProperty("card", True)
        grid = QGridLayout(frame)
        grid.setContentsMargins(14, 10, 14, 10)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(6)
        heads = ["Part", "From", "Tensors", "Was → will be", "Size"]
        if self._plan.files:
            heads.append("To")
        for place, head in enumerate(heads):
            grid.addWidget(label(self.tr(head), "dim"), 0, place, _side(place))
            grid.setColumnStretch(place, _WIDE.get(head, 0))
        for number, row in enumerate(part_rows(self._plan), start=1):
            for place, (head, widget) in enumerate(zip(heads, _cells(row), strict=False)):
                side = Qt.AlignmentFlag(0) if head in _WIDE else _side(place)
                grid.addWidget(widget, number, place, side)
        return frame

    def _counts(self) -> QHBoxLayout:
        plan = self._plan
        renamed = tuple(f"{', '.join(source_names(r.expr))} → {r.name}" for r in plan.renamed)
        dropped = tuple(f"{drop.name}  ({drop.reason})" for drop in plan.dropped)
        row = QHBoxLayout()
        row.setSpacing(6)
        for caption, names in (
            (self.tr("Missing"), plan.missing),
            (self.tr("Added"), plan.added),
            (self.tr("Dropped"), dropped),
            (self.tr("Renamed"), renamed),
        ):
            row.addWidget(label(caption, "dim"))
            row.addWidget(self._count(caption, tuple(names)))
            row.addSpacing(12)
        row.addStretch()
        return row

    def _count(self, caption: str, names: tuple[str, ...]) -> QWidget:
        if not names:
            return label(self.tr("none"))
        button = QPushButton(text.count(len(names)))
        button.setProperty("role", "link")
        button.setAutoDefault(False)
        button.setObjectName(f"plan{caption}")
        button.setAccessibleName(self.tr("{caption}: show names").format(caption=caption))
        button.setToolTip(self.tr("Show the names"))
        button.clicked.connect(lambda: NameList(caption, names, self).exec())
        return button

    def _fill_overflow_row(self) -> None:
        caption = label(self.tr("Values that do not &fit the precision"), "dim")
        caption.setBuddy(self._overflow)
        row = QHBoxLayout(self._overflow_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(caption)
        row.addWidget(self._overflow)
        row.addStretch()

    def _buttons(self) -> QHBoxLayout:
        self._save.setObjectName("planSave")
        self._save.setProperty("role", "primary")
        self._cancel.setObjectName("planCancel")
        (self._cancel if replaces(self._plan) else self._save).setFocus()
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self._cancel)
        row.addWidget(self._save)
        return row


def overflow_box(plan: Plan) -> ComboBox:
    """Return the choice of what happens to values that the new precision cannot hold."""
    box = ComboBox("planOverflow", tr("Values that do not fit the precision"))
    for text_, choice, tip in (
        (tr("Stop and name them"), OnOverflow.ERROR, tr("Nothing is saved then")),
        (tr("Store the largest value"), OnOverflow.CLAMP, tr("They are counted in the result")),
        (tr("Keep those tensors as they are"), OnOverflow.KEEP, tr("In their old precision")),
    ):
        box.add(text_, choice, tip)
    box.choose(plan.on_overflow)
    return box


def replaces(plan: Plan) -> bool:
    """Whether a file is replaced."""
    return bool(replaced(plan))


def unusual(plan: Plan) -> bool:
    """Whether the plan should be shown although the user prefers not to see it."""
    warned = any(problem.severity != "note" for problem in plan.problems)
    return warned or bool(plan.missing) or replaces(plan)


def _side(column: int) -> Qt.AlignmentFlag:
    right = column in {2, 4}
    return Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft


def _cells(row: PartRow) -> tuple[QWidget, ...]:
    source = ElidedLabel(" + ".join(path.name for path in row.sources))
    source.setToolTip("\n".join(map(str, row.sources)))
    return (
        label(row.title, "h2"),
        source,
        label(row.tensors),
        label(row.precision),
        label(row.size),
        ElidedLabel(row.file),
    )
