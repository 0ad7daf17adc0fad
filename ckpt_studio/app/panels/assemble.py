"""The Assemble panel: choose the parts, see what will be written, save."""

from dataclasses import replace
from itertools import pairwise

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ckpt_studio.app.panels.family_row import FamilyRow
from ckpt_studio.app.panels.output_row import OutputRow
from ckpt_studio.app.panels.plan_view import PlanView
from ckpt_studio.app.panels.result_card import ResultCard
from ckpt_studio.app.panels.slot_row import SlotRow
from ckpt_studio.app.panels.slot_view import slot_view
from ckpt_studio.app.session import Session
from ckpt_studio.core import slots
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.part_names import is_text_encoder, part_name
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import Precision
from ckpt_studio.qt.drop import DropZone


class AssemblePanel(QWidget):
    """Slots for the parts, the plan, and the way out; says upward what the user asks for."""

    files_dropped = Signal(object)  # tuple[Path, ...]: each finds its place
    files_dropped_on = Signal(str, object)  # a part, and the files that were put on it
    browse_requested = Signal(str)  # a part, or nothing for any
    choices_requested = Signal(str, object)  # a part, and the widget to show them at
    output_browse_requested = Signal()
    save_requested = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("assemblePanel")
        self._session = session
        self._rows: dict[str, SlotRow] = {}
        self.family = FamilyRow(session)
        self.plan_view = PlanView()
        self.output = OutputRow()
        self.result = ResultCard()
        self._zone = DropZone(self.tr("Drop model files here. Each finds its place."))
        self._slots = QVBoxLayout()
        self._build()
        self._connect()
        self._refresh()

    def _build(self) -> None:
        card = QFrame()
        card.setProperty("card", True)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(14, 14, 14, 14)
        inside.setSpacing(8)
        self._slots.setSpacing(8)
        inside.addLayout(self._slots)
        inside.addWidget(self._zone)
        scrolled = QWidget()
        scrolled.setObjectName("scrolled")
        column = QVBoxLayout(scrolled)
        column.setContentsMargins(20, 0, 20, 4)
        column.setSpacing(14)
        for widget in (card, self.plan_view, self.result):
            column.addWidget(widget)
        column.addStretch()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(scrolled)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 14, 0, 12)
        outer.setSpacing(12)
        outer.addLayout(_indented(self.family))
        outer.addWidget(area)
        outer.addLayout(_indented(self.output))

    def _connect(self) -> None:
        session = self._session
        session.recipe_changed.connect(self._refresh)
        session.files_changed.connect(self._refresh)
        session.plan_changed.connect(self._show_plan)
        session.plan_failed.connect(self._show_plan_failure)
        self._zone.files_dropped.connect(self.files_dropped)
        self._zone.browse_requested.connect(lambda: self.browse_requested.emit(""))
        self.plan_view.choose_file_requested.connect(self.browse_requested)
        self.plan_view.save_without_requested.connect(self._allow_missing)
        self.output.browse_requested.connect(self.output_browse_requested)
        self.output.save_requested.connect(self.save_requested)

    @property
    def rows(self) -> tuple[SlotRow, ...]:
        """The slots as they are shown."""
        return tuple(self._rows.values())

    @Slot()
    def _refresh(self) -> None:
        session = self._session
        parts = slots.needed(session.family, session.recipe, session.files)
        if parts != tuple(self._rows):
            self._rebuild(parts)
        for part, row in self._rows.items():
            row.show_view(slot_view(session, part))
        self.output.show_path(session.recipe.output.path)
        self._show_readiness()

    def _rebuild(self, parts: tuple[str, ...]) -> None:
        for row in self._rows.values():
            self._slots.removeWidget(row)
            row.hide()
            row.deleteLater()
        encoders = [part for part in parts if is_text_encoder(part)]
        self._rows = {part: self._row(part, _object_name(part, encoders)) for part in parts}

        self._order_focus()

    def _order_focus(self) -> None:
        """Tab goes down the rows, then to the drop zone; rows are made after it."""
        controls = [control for row in self.rows for control in row.controls]
        for before, after in pairwise((*controls, self._zone)):
            QWidget.setTabOrder(before, after)

    def _row(self, part: str, name: str) -> SlotRow:
        row = SlotRow(part, name)
        row.choices_requested.connect(self.choices_requested)
        row.browse_requested.connect(self.browse_requested)
        row.clear_requested.connect(self._clear)
        row.precision_chosen.connect(self._choose_precision)
        row.files_dropped.connect(lambda files: self.files_dropped_on.emit(part, files))
        self._slots.addWidget(row)
        return row

    def _choose_precision(self, part: str, precision: Precision) -> None:
        recipe = self._session.recipe
        chosen = {**recipe.precision, part: precision}
        title = self.tr("Precision of {part}").format(part=part_name(part))
        self._session.change(replace(recipe, precision=chosen), title)

    def _clear(self, part: str) -> None:
        session = self._session
        title = self.tr("Clear {part}").format(part=part_name(part))
        session.change(slots.clear(session.recipe, part, session.files), title)

    def _allow_missing(self, part: str) -> None:
        title = self.tr("Save without {part}").format(part=part_name(part))
        self._session.change(replace(self._session.recipe, allow_missing=True), title)

    @Slot(object)
    def _show_plan(self, plan: Plan | None) -> None:
        self.plan_view.show_plan(plan)
        self._refresh()

    @Slot(Exception)
    def _show_plan_failure(self, error: Exception) -> None:
        if isinstance(error, CkptStudioError):
            self.plan_view.show_failure(error.message, error.hint)
        else:
            self.plan_view.show_failure(self.tr("The plan could not be made."), str(error))
        self._show_readiness()

    def _show_readiness(self) -> None:
        session = self._session
        problems = len(session.plan.errors) if session.plan else 0
        if session.empty:
            reason = self.tr("Choose or drop a model first.")
        elif session.recipe.output.path is None:
            reason = self.tr("Say where to save.")
        elif session.recipe.output.path.is_dir():
            reason = self.tr("This is a folder. Add a name for the file.")
        elif session.plan is None:
            reason = self.tr("There is no plan yet.")
        else:
            reason = "\n".join(problem.message for problem in session.plan.errors)
        self.output.show_readiness(reason, problems)


def _indented(row: QWidget) -> QHBoxLayout:
    layout = QHBoxLayout()
    layout.setContentsMargins(20, 0, 20, 0)
    layout.addWidget(row)
    return layout


def _object_name(part: str, encoders: list[str]) -> str:
    """Return the end of a slot's object names; scripts know the first text encoder by its group."""
    fixed = {"unet": "Model", "vae": "Vae", encoders[0]: "TextEncoders"}
    return fixed.get(part) or "".join(word.capitalize() for word in part.split("_"))
