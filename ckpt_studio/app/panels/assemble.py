"""The Assemble panel: choose the parts, see what will be written, save."""

from dataclasses import replace
from itertools import pairwise

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ckpt_studio.app.panels.ema_row import EmaRow
from ckpt_studio.app.panels.family_row import FamilyRow
from ckpt_studio.app.panels.kind_row import KindRow
from ckpt_studio.app.panels.output_row import OutputRow
from ckpt_studio.app.panels.part_files import PartFiles
from ckpt_studio.app.panels.plan_view import PlanView
from ckpt_studio.app.panels.result_card import ResultCard
from ckpt_studio.app.panels.shards_row import ShardsRow
from ckpt_studio.app.panels.slot_row import SlotRow
from ckpt_studio.app.panels.slot_view import slot_view
from ckpt_studio.app.session import Session
from ckpt_studio.core.assembly import slots
from ckpt_studio.core.assembly.ema import Averaged, averaged
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.families.part_names import is_text_encoder, part_name
from ckpt_studio.core.output_kinds import kind_of
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import Precision
from ckpt_studio.core.recognition import Opened
from ckpt_studio.qt.drop import DropZone

_LAYOUT_MS = 50  # a wrapped text has its height only when it was laid out once


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
        self.ema = EmaRow()
        self.shards = ShardsRow()
        self.part_files = PartFiles()
        self.plan_view = PlanView()
        self.kind = KindRow()
        self.output = OutputRow()
        self.result = ResultCard()
        self._zone = DropZone(self.tr("Drop model files here. Each finds its place."))
        self._looked_at: tuple[Opened | None, Averaged | None] = (None, None)
        self._slots = QVBoxLayout()
        self._area = QScrollArea()
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
        inside.addWidget(self.shards)
        inside.addWidget(self._zone)
        scrolled = QWidget()
        scrolled.setObjectName("scrolled")
        column = QVBoxLayout(scrolled)
        column.setContentsMargins(20, 0, 20, 4)
        column.setSpacing(14)
        for widget in (card, self.part_files, self.plan_view, self.result):
            column.addWidget(widget)
        column.addStretch()
        area = self._area
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(scrolled)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 14, 0, 12)
        outer.setSpacing(12)
        outer.addLayout(_indented(self.family))
        outer.addWidget(area)
        outer.addLayout(_indented(self.kind))
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
        self.result.filled.connect(lambda: self._reveal(self.result))
        self.ema.ema_chosen.connect(self._choose_ema)
        self.part_files.undo_requested.connect(session.undo_stack.undo)
        self.part_files.redo_requested.connect(session.undo_stack.redo)
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
        self._show_ema()
        self._show_part_files()
        self.kind.show_session(session)
        self.output.show_kind(kind_of(session.recipe.output))
        self.output.show_path(session.recipe.output.path)
        self._show_readiness()

    def _show_ema(self) -> None:
        recipe, files = self._session.recipe, self._session.files
        source = slots.source_of(recipe, "unet", files)
        opened = files.get(source.path) if source else None
        if opened is not self._looked_at[0]:
            self._looked_at = (opened, averaged(opened) if opened else None)
        found = self._looked_at[1]
        self.ema.setVisible(found is not None and (found.tensors > 0 or recipe.ema))
        if found is not None:
            self.ema.show_choice(ema=recipe.ema, count=found.tensors, reason=found.refused)

    def _show_part_files(self) -> None:
        parts, shown = self._session.parts, self.part_files.isVisible()
        self.part_files.setVisible(parts is not None)
        if parts is not None:
            encoders = [file.part for file in parts.files if is_text_encoder(file.part)]
            names = {file.part: _object_name(file.part, encoders) for file in parts.files}
            given = self._session.recipe.output.names
            files = [
                replace(file, file=given.get(file.part, file.proposed)) for file in parts.files
            ]
            self.part_files.show_files(tuple(files), names)
            self._order_focus()
            if not shown:
                self._reveal(self.part_files)

    def _reveal(self, widget: QWidget) -> None:
        """Scroll to a widget that has just come, when it has its place."""
        QTimer.singleShot(_LAYOUT_MS, self, lambda: self._area.ensureWidgetVisible(widget))

    def _rebuild(self, parts: tuple[str, ...]) -> None:
        for row in self._rows.values():
            self._slots.removeWidget(row)
            row.hide()
            row.deleteLater()
        encoders = [part for part in parts if is_text_encoder(part)]
        self._slots.removeWidget(self.ema)
        self._rows = {part: self._row(part, _object_name(part, encoders)) for part in parts}
        self._slots.insertWidget(1, self.ema)  # below the diffusion model, which comes first
        self._order_focus()

    def _order_focus(self) -> None:
        """Tab goes down the rows, then to the drop zone; rows are made after it."""
        controls = [control for row in self.rows for control in row.controls]
        model = len(self.rows[0].controls) if self.rows else 0
        controls[model:model] = self.ema.controls
        more = (*self.shards.controls, self._zone, *self.part_files.controls)
        for before, after in pairwise((*controls, *more)):
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

    def _choose_ema(self, ema: bool) -> None:
        recipe = self._session.recipe
        self._session.change(replace(recipe, ema=ema), self.tr("Averaged weights"))

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

    def _names_folder(self) -> bool:
        """Whether the path of a file is that of a folder."""
        output = self._session.recipe.output
        folder = output.path is not None and output.path.is_dir()
        return folder and not kind_of(output).is_folder

    def _show_readiness(self) -> None:
        session = self._session
        problems = len(session.plan.errors) if session.plan else 0
        if session.empty:
            reason = self.tr("Choose or drop a model first.")
        elif session.recipe.output.path is None:
            reason = self.tr("Say where to save.")
        elif self._names_folder():
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
    fixed = {"unet": "Model", "vae": "Vae", **dict.fromkeys(encoders[:1], "TextEncoders")}
    return fixed.get(part) or "".join(word.capitalize() for word in part.split("_"))
