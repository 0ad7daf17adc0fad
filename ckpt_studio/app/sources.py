"""Files into slots: drops, dialogs, choices; what does not fit is refused with why."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from ckpt_studio.app.document import Document
from ckpt_studio.app.folder_dialog import FolderDialog
from ckpt_studio.app.opener import Opener, Outcome, TakeFiles
from ckpt_studio.app.session import Session
from ckpt_studio.app.settings import Settings
from ckpt_studio.core.assembly import slots
from ckpt_studio.core.assembly.slots import Refused
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.recognition import Opened
from ckpt_studio.qt.banner import Message

MODEL_SUFFIXES = (
    *("*.safetensors", "*.sft", "*.ckpt", "*.pt", "*.pth", "*.bin"),
    *("*.index.json", "model_index.json"),
)


class Sources(QObject):
    """Opens files in the background and puts them where they belong."""

    message = Signal(Message)
    accepted = Signal()  # all files found their place
    opened = Signal(object)  # the Document of a file that was opened

    def __init__(self, session: Session, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._settings, self._window = session, settings, window
        self._opener = Opener(session.verbs.open, session.verbs.meant, self)
        self._opener.crashed.connect(self._crashed)

    @property
    def busy(self) -> bool:
        """Whether files are being opened."""
        return self._opener.busy

    def stop(self) -> None:
        """Wait for what runs."""
        self._opener.stop()

    def add(self, paths: tuple[Path, ...]) -> None:
        """Open files and let each find its place in the recipe."""
        self._opener.request(paths, lambda outcome: self._take(outcome, ""))

    def start_with(self, paths: tuple[Path, ...]) -> None:
        """Put the files in place that the program was started with; nothing of it is unsaved.

        Where all are files that no checkpoint has a place for, such as LoRAs, they are looked at.
        """

        def take(outcome: Outcome) -> None:
            if outcome.opened and not any(map(slots.offered, outcome.opened)):
                self._take_to_look(outcome)
            else:
                self._take(outcome, "")
            self._session.undo_stack.setClean()

        self._opener.request(paths, take)

    def add_to(self, part: str, paths: tuple[Path, ...]) -> None:
        """Put a file on one slot; several files find their places by themselves."""
        target = part if len(paths) == 1 else ""
        self._opener.request(paths, lambda outcome: self._take(outcome, target))

    def look_at(self, paths: tuple[Path, ...]) -> None:
        """Open files to inspect them; the recipe stays as it is."""
        self._opener.request(paths, self._take_to_look)

    def open_for(
        self, paths: tuple[Path, ...], then: Callable[[Mapping[Path, Document]], object]
    ) -> None:
        """Open files, leave the recipe as it is, and hand on the documents of those that opened."""

        def take(outcome: Outcome) -> None:
            found = [self._session.add_file(opened) for opened in outcome.opened]
            then({each.path: each for each in found if each.path is not None})
            self._report(outcome, [])
            self._choose(outcome, lambda chosen: self.open_for(chosen, then))

        self._opener.request(paths, take)

    def browse(self, part: str) -> None:
        """Ask for files by dialog."""
        title = (
            self.tr("Choose a file for {part}").format(part=part_name(part))
            if part
            else self.tr("Add model files")
        )
        paths = self.ask(title)
        if paths:
            self.add_to(part, paths)

    def ask(self, title: str) -> tuple[Path, ...]:
        """Ask for model files, in the folder that sources came from last."""
        filters = self.tr("Models ({suffixes});;All files (*)")
        names, _ = QFileDialog.getOpenFileNames(
            self._window,
            title,
            self._settings.source_folder,
            filters.format(suffixes=" ".join(MODEL_SUFFIXES)),
        )
        return tuple(Path(name) for name in names)

    def browse_folder(self) -> Path | None:
        """Ask for a folder by dialog."""
        title = self.tr("Open a folder")
        name = QFileDialog.getExistingDirectory(self._window, title, self._settings.source_folder)
        return Path(name) if name else None

    def _choose(self, outcome: Outcome, then: TakeFiles) -> None:
        """Let the user choose from the models of folders with more than one."""
        if outcome.several:
            dialog = FolderDialog(outcome.several, self._window)
            dialog.chosen.connect(then)
            dialog.open()

    def _take(self, outcome: Outcome, part: str) -> None:
        before = recipe = self._session.recipe
        refused: list[Refused] = []
        for opened in sorted(outcome.opened, key=_models_first):
            self._note(opened)
            files = self._session.files
            if part:
                placed = slots.place_in(recipe, part, opened, files)
            else:
                placed = slots.place(recipe, opened, slots.family_of(recipe, files), files)
            if isinstance(placed, Refused):
                refused.append(placed)
            else:
                recipe = placed
        if recipe != before:
            self._session.change(recipe, self._step_title(outcome, part))
        else:
            self._session.replan()
        self._report(outcome, refused)
        self._choose(outcome, lambda paths: self.add_to(part, paths))

    def _take_to_look(self, outcome: Outcome) -> None:
        for opened in outcome.opened:
            self.opened.emit(self._note(opened))
        self._report(outcome, [])
        self._choose(outcome, self.look_at)

    def _note(self, opened: Opened) -> object:
        path = opened.checkpoint.path
        self._settings.add_recent(path)
        self._settings.source_folder = str(path.parent)
        return self._session.add_file(opened)

    def _step_title(self, outcome: Outcome, part: str) -> str:
        if part:
            return self.tr("Choose {part}").format(part=part_name(part))
        if len(outcome.opened) == 1:
            return self.tr("Add {name}").format(name=outcome.opened[0].checkpoint.path.name)
        return self.tr("Add {count} files").format(count=len(outcome.opened))

    def _report(self, outcome: Outcome, refused: list[Refused]) -> None:
        problems = [(error.message, error.hint) for _, error in outcome.failed]
        problems += [(each.reason, self.tr("Choose another file.")) for each in refused]
        if not problems:
            self.accepted.emit()
            self._tell_of_shards(outcome)
            return
        what, todo = problems[0]
        details = ""
        if len(problems) > 1:
            what = self.tr("{count} files could not be used").format(count=len(problems))
            todo = problems[0][0]
            details = "\n".join(" ".join(words) for words in problems)
        self.message.emit(Message(what, todo, details))

    def _tell_of_shards(self, outcome: Outcome) -> None:
        """Say that more was opened than was given: a shard is of no use alone."""
        for shard, opened in outcome.completed:
            what = self.tr("{name} is one of {count} files of a model; all of them were opened.")
            count = len(opened.checkpoint.files)
            message = what.format(name=shard.name, count=count)
            self.message.emit(Message(message, kind="note"))

    def _crashed(self, error: Exception) -> None:
        raise error


def _models_first(opened: Opened) -> int:
    """The diffusion model decides the family, so it comes before what has to fit it."""
    return 0 if "unet" in slots.offered(opened) else 1
