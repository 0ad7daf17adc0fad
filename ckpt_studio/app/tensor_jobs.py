"""What the Tensors panel asks for that takes a while: values, health, one tensor as a file."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from ckpt_studio.app.converting import Converting
from ckpt_studio.app.job_log import JobLog
from ckpt_studio.app.known_values import KnownValues
from ckpt_studio.app.panels.tensors import TensorsPanel
from ckpt_studio.app.panes import show_in_folder
from ckpt_studio.app.saving import Saving
from ckpt_studio.app.session import Session
from ckpt_studio.app.tensor_health import TensorHealth
from ckpt_studio.app.tensor_values import TensorValues
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.plan import Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.recipe import Convert
from ckpt_studio.engine.npy_saving import NpyOptions, SavedArray
from ckpt_studio.qt.banner import Message, Remedy
from ckpt_studio.qt.save_dialog import ask_for_file

_PLAIN = str.maketrans(dict.fromkeys('\\/:*?"<>|\0', "_"))
_LONGEST = 120


class TensorJobs(QObject):
    """Follows the panel; what it reads is remembered while the files are open."""

    message = Signal(Message)
    open_requested = Signal(object)  # Path

    def __init__(self, session: Session, log: JobLog, saving: Saving, panel: TensorsPanel) -> None:
        super().__init__(panel)
        self._session, self._log, self._panel = session, log, panel
        self._known = KnownValues()
        self._converting = Converting(session, saving, panel)
        self._converting.message.connect(self.message)
        self._converting.started.connect(self._note_repair)
        self._repairs: set[Path | None] = set()
        self._values = TensorValues(session.verbs, log, self._known, panel.values)
        self._health = TensorHealth(session, log, self._known, self._converting, panel.health)
        panel.values_wanted.connect(self._values.show)
        panel.health_wanted.connect(self._health.show)
        panel.array_requested.connect(self._save_array)
        saving.saved.connect(self._note_saved)
        session.files_changed.connect(self._forget_closed)
        for changed in (session.recipe_changed, session.files_changed):
            changed.connect(self._offer_sources)
        self._offer_sources()

    def stop(self) -> None:
        """Wait for what runs; it is asked to stop."""
        for part in (self._panel, self._converting, self._values, self._health):
            part.stop()

    @Slot()
    def _offer_sources(self) -> None:
        self._panel.set_sources(self._session.source_documents)

    @Slot()
    def _forget_closed(self) -> None:
        self._known.keep(opened.checkpoint for opened in self._session.files.values())

    @Slot(object, str)
    def _save_array(self, checkpoint: Checkpoint, name: str) -> None:
        suggested = checkpoint.path.with_name(f"{name[-_LONGEST:].translate(_PLAIN)}.npy")
        title, kind = self.tr("Save tensor"), self.tr("NumPy arrays")
        path = ask_for_file(self._panel, title, suggested, kind, (".npy",))
        if path is None:
            return
        options, verbs = NpyOptions(overwrite=True), self._session.verbs

        def work(progress: ProgressCallback, cancel: CancelToken) -> SavedArray:
            return verbs.save_array(checkpoint, name, path, options, progress, cancel)

        title = self.tr("Saving {name}").format(name=path.name)
        self._log.start(title, work, then=self._tell_array)

    def _tell_array(self, saved: object) -> None:
        if isinstance(saved, SavedArray):
            dtype = saved.tensor.dtype.label
            layout = saved.layout
            todo = ""
            if layout.widened:
                todo = self.tr("NumPy has no {dtype}; the values are stored as fp32, without loss.")
            elif layout.codes:
                todo = self.tr("NumPy has no {dtype}; what is stored are its bytes.")
            path = saved.path
            remedy = Remedy(self.tr("Show in folder"), lambda: show_in_folder(path))
            self._tell(path, todo.format(dtype=dtype), remedy)

    @Slot(object)
    def _note_repair(self, recipe: Convert) -> None:
        self._repairs.add(recipe.output.path)

    @Slot(Report)
    def _note_saved(self, report: Report) -> None:
        if report.path in self._repairs:
            self._repairs.discard(report.path)
            path = report.path
            self._tell(path, "", Remedy(self.tr("Open"), lambda: self.open_requested.emit(path)))

    def _tell(self, path: Path, todo: str, remedy: Remedy) -> None:
        what = self.tr("{name} was saved.").format(name=path.name)
        self.message.emit(Message(what, todo, kind="good", remedies=(remedy,)))
