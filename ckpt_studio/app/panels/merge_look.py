"""The eight numbers that change the look of the pictures of a merge."""

from itertools import pairwise

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.core.merging import draft as drafts
from ckpt_studio.core.merging.adjusting import NAMES
from ckpt_studio.core.merging.checks import adjustable
from ckpt_studio.qt.labels import ElidedLabel, label
from ckpt_studio.qt.number_box import NumberBox
from ckpt_studio.qt.wrapping_row import WrappingRow

_STROKES = 7_000
_MOST, _STEP = 100.0, 0.5


class MergeLook(QWidget):
    """Follows the choices; only some families have the tensors that it is done with."""

    def __init__(self, choices: MergeChoices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mergeLook")
        self._choices = choices
        self._boxes = [NumberBox(f"mergeAdjust{name}", most=_MOST) for name in NAMES]
        self._reset = QPushButton(self.tr("Reset"))
        self._reset.setObjectName("mergeAdjustReset")
        self._reset.setAutoDefault(False)
        self._build()
        for place, box in enumerate(self._boxes):
            box.valueChanged.connect(lambda value, at=place: self._set(at, value))
        self._reset.clicked.connect(self._clear)
        for before, after in pairwise(self.controls):
            QWidget.setTabOrder(before, after)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(label(self.tr("Adjust the look"), "h2"))
        words = self.tr("0 changes nothing; values of 1 to 10 can be seen")
        head.addWidget(ElidedLabel(words, "dim"), 1)
        head.addWidget(self._reset)
        row = WrappingRow(16)
        captions = []
        for box, (name, tip) in zip(self._boxes, self._words(), strict=True):
            caption = label(name, "dim")
            caption.setToolTip(tip)
            box.setToolTip(tip)
            box.setAccessibleName(name)
            box.setSingleStep(_STEP)
            cell = QWidget()
            pair = QHBoxLayout(cell)
            pair.setContentsMargins(0, 0, 0, 0)
            pair.setSpacing(8)
            pair.addWidget(caption)
            pair.addWidget(box)
            row.add(cell)
            captions.append(caption)
        widest = max(caption.sizeHint().width() for caption in captions)
        for caption in captions:
            caption.setFixedWidth(widest)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(8)
        outer.addLayout(head)
        outer.addWidget(row)

    def _words(self) -> tuple[tuple[str, str], ...]:
        detail = self.tr("More detail and noise, or less with a negative number. SuperMerger: {id}")
        colour = self.tr("Shift of the colours. SuperMerger: {id}")
        plain = self.tr("SuperMerger: {id}")
        return (
            (self.tr("detail, first layer"), detail.format(id="IN")),
            (self.tr("detail, last norm"), detail.format(id="OUT")),
            (self.tr("detail, last layer"), detail.format(id="OUT2")),
            (self.tr("contrast"), plain.format(id="CONT")),
            (self.tr("brightness"), plain.format(id="BRI")),
            (self.tr("cyan – red"), colour.format(id="COL1")),
            (self.tr("magenta – green"), colour.format(id="COL2")),
            (self.tr("yellow – blue"), colour.format(id="COL3")),
        )

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """Everything that takes the focus, in the order of Tab."""
        return (self._reset, *self._boxes)

    @property
    def summary(self) -> str:
        """What is set, such as "contrast +3"; nothing where nothing is."""
        set_ = [
            f"{name} {value:+g}".replace("-", "−")
            for (name, _), value in zip(self._words(), self._numbers, strict=True)
            if value
        ]
        return ", ".join(set_)

    @property
    def _numbers(self) -> tuple[float, ...]:
        return self._choices.draft.recipe.adjust or (0.0,) * len(NAMES)

    def refresh(self) -> None:
        """Show what is chosen."""
        first, numbers = self._choices.first, self._numbers
        reason = ""
        if first is None:
            reason = self.tr("Choose model A first: only some families can be adjusted.")
        elif not adjustable(first):
            reason = self.tr("Only Stable Diffusion 1, 2 and XL have the layers for this.")
        possible = not reason or any(numbers)  # what keeps the plan from being made can be reset
        self.setEnabled(possible)
        self.setToolTip(reason)
        self._reset.setEnabled(any(numbers))
        for box, number in zip(self._boxes, numbers, strict=True):
            with QSignalBlocker(box):
                box.setValue(number)

    def _set(self, place: int, value: float) -> None:
        numbers = list(self._numbers)
        numbers[place] = round(value, 4)
        changed = drafts.with_adjust(self._choices.draft, tuple(numbers))
        self._choices.change(changed, self.tr("Adjust the look"), _STROKES + place)

    def _clear(self) -> None:
        changed = drafts.with_adjust(self._choices.draft, ())
        self._choices.change(changed, self.tr("Reset the look"))
