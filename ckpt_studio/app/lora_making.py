"""From the LoRA tools to a job: the dialog, its files, its plan, then the work and the result."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.model_folders import ModelFolders
from ckpt_studio.app.panes import show_in_folder
from ckpt_studio.app.parts_job import planned
from ckpt_studio.app.planner import Planned, Planner
from ckpt_studio.app.retained_text import retained_line, retained_lines
from ckpt_studio.app.saving import Saving
from ckpt_studio.app.session import Session
from ckpt_studio.app.sources import Sources
from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core.lora.recipes import LoraRecipe
from ckpt_studio.core.plan import Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.banner import Message, Remedy
from ckpt_studio.qt.job import Work

if TYPE_CHECKING:
    from ckpt_studio.app.lora_dialog import LoraDialog

Take = Callable[[tuple[Path, ...]], object]


class LoraMaking(QObject):
    """One dialog at a time; its plan follows what is changed in it."""

    message = Signal(Message)

    def __init__(
        self,
        session: Session,
        sources: Sources,
        saving: Saving,
        folders: ModelFolders,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._sources, self._saving = session, sources, saving
        self._folders, self._window = folders, window
        self._dialog: LoraDialog | None = None
        self._planner = Planner(session.verbs, self)
        self._planner.planned.connect(self._show_plan)
        self._planner.failed.connect(self._show_failure)
        session.files_changed.connect(self._offer_documents)

    @property
    def busy(self) -> bool:
        """Whether a plan is on its way."""
        return self._planner.busy

    def stop(self) -> None:
        """Wait for what runs."""
        self._planner.stop()

    def open(self) -> None:
        """Open the tools; a LoRA that is looked at is the one to be resized."""
        dialog = self._opened()
        current = self._session.current
        if current.opened and current.opened.recognition.kind == "lora":
            dialog.resize_.choose(current.path)
            dialog.choose_page(dialog.resize_)

    def extract(self, a: Path, b: Path) -> None:
        """Open the tools for the difference of two models."""
        dialog = self._opened()
        dialog.extract.choose(a, b)
        dialog.choose_page(dialog.extract)

    def _opened(self) -> "LoraDialog":
        if self._dialog is None:
            from ckpt_studio.app.lora_dialog import LoraDialog  # noqa: PLC0415 - not at the start

            dialog = LoraDialog(self._folders, self._window)
            dialog.recipe_changed.connect(self._plan)
            dialog.files_wanted.connect(self._open_files)
            dialog.accepted.connect(self._save)
            dialog.finished.connect(self._forget)
            self._dialog = dialog
            self._offer_documents()
            dialog.open()
        return self._dialog

    @Slot()
    def _offer_documents(self) -> None:
        if self._dialog is not None:
            self._dialog.show_documents(self._session.documents)

    def _open_files(self, paths: tuple[Path, ...], take: Take) -> None:
        """Open files, asked for where there are none, and hand on those that opened."""
        dialog = self._dialog

        def put(found: Mapping[Path, Document]) -> None:
            if found and dialog is not None and dialog is self._dialog:
                take(tuple(found))

        files = paths or self._sources.ask(self.tr("Choose files"))
        if files:
            self._sources.open_for(files, put)

    @Slot()
    def _plan(self) -> None:
        recipe = self._dialog.planned if self._dialog else None
        if recipe is None:
            self._planner.forget()
        else:
            self._planner.request(recipe)

    @Slot(Planned)
    def _show_plan(self, found: Planned) -> None:
        if self._dialog is not None and found.recipe == self._dialog.planned:
            self._dialog.show_plan(found.plan)

    @Slot(object, Exception)
    def _show_failure(self, recipe: object, error: Exception) -> None:
        if self._dialog is not None and recipe == self._dialog.planned:
            self._dialog.show_failure(error)

    @Slot()
    def _save(self) -> None:
        recipe = self._dialog.recipe if self._dialog else None
        if recipe is None or recipe.output.path is None:
            return
        saving = self._saving
        work = _measured(self._session.verbs, recipe, saving.options)
        title = self.tr("Making {name}").format(name=recipe.output.path.name)
        saving.log.start(title, work, recipe, self._tell)

    def _tell(self, report: object) -> None:
        if not isinstance(report, Report):
            return
        path = report.path
        self.message.emit(
            Message(
                self.tr("Saved {name}").format(name=path.name),
                retained_line(report) or str(path),
                retained_lines(report),
                kind="good",
                remedies=(
                    Remedy(self.tr("&Open"), lambda: self._sources.look_at((path,))),
                    Remedy(self.tr("Show in &folder"), lambda: show_in_folder(path)),
                ),
            )
        )

    @Slot()
    def _forget(self) -> None:
        self._planner.stop()
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None


def _measured(verbs: Verbs, recipe: LoraRecipe, options: WriteOptions) -> Work:
    """Return work that writes a LoRA; where a share is to be kept, ranks are measured first."""

    def work(progress: ProgressCallback, cancel: CancelToken) -> Report:
        ranked = recipe if recipe.energy is None else verbs.with_ranks(recipe, progress, cancel)
        return verbs.write(planned(verbs.plan(ranked)), options, progress, cancel)

    return work
