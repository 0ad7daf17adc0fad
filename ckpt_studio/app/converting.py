"""From a conversion that is wanted to a job: its plan, a dialog over it, then the work."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.convert_dialog import ConvertDialog
from ckpt_studio.app.planner import Planned, Planner
from ckpt_studio.app.problems import message_of
from ckpt_studio.app.saving import Saving
from ckpt_studio.app.session import Session
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import Convert
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.banner import Message

MakeDialog = Callable[[Convert, Plan, WriteOptions, QWidget], ConvertDialog]


class Converting(QObject):
    """One conversion at a time; its plan follows what is changed in the dialog."""

    message = Signal(Message)
    started = Signal(object)  # Convert

    def __init__(self, session: Session, saving: Saving, window: QWidget) -> None:
        super().__init__(window)
        self._saving, self._window = saving, window
        self._make: MakeDialog = ConvertDialog
        self._dialog: ConvertDialog | None = None
        self._planner = Planner(session.verbs, self)
        self._planner.planned.connect(self._show_plan)
        self._planner.failed.connect(self._show_failure)

    def stop(self) -> None:
        """Wait for what runs."""
        self._planner.stop()

    def start(self, recipe: Convert, make: MakeDialog) -> None:
        """Plan a conversion, then show the plan in a dialog of this kind."""
        if self._dialog is None:
            self._make = make
            self._planner.request(recipe)

    @Slot(Planned)
    def _show_plan(self, planned: Planned) -> None:
        if not isinstance(planned.recipe, Convert):
            return
        if self._dialog is not None:
            self._dialog.show_plan(planned.plan)
            return
        options = self._saving.options
        dialog = self._make(planned.recipe, planned.plan, options, self._window)
        dialog.recipe_changed.connect(self._planner.request)
        dialog.accepted.connect(self._save)
        dialog.finished.connect(self._forget)
        self._dialog = dialog
        dialog.open()

    @Slot(object, Exception)
    def _show_failure(self, _: object, error: Exception) -> None:
        if self._dialog is not None:
            self._dialog.show_failure(error)
        else:
            self.message.emit(message_of(error))

    @Slot()
    def _save(self) -> None:
        if self._dialog is not None:
            recipe = self._dialog.recipe
            self._saving.start_convert(recipe, self._dialog.answer.options)
            self.started.emit(recipe)

    @Slot()
    def _forget(self) -> None:
        self._planner.stop()
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None
