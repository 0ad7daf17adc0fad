"""What a slot can take, asked in a popup: open files, recent ones, models in the user's folders."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.fit_check import FitCheck
from ckpt_studio.app.model_folders import ModelFolders
from ckpt_studio.app.session import Session
from ckpt_studio.app.settings import Settings
from ckpt_studio.core.assembly import slots
from ckpt_studio.core.assembly.slots import Refused
from ckpt_studio.core.families.part_names import is_text_encoder, part_name
from ckpt_studio.core.model_folders import Model
from ckpt_studio.core.model_search import Choice, Group, fitting
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.opening import open_checkpoint
from ckpt_studio.qt.choice_popup import ChoicePopup

_RECENT_SHOWN = 8


class SourceChoice(QObject):
    """Opens the popup of a slot, and says upward what was chosen in it."""

    chosen = Signal(str, object)  # a part, tuple[Path, ...]
    browse_requested = Signal(str)  # a part
    folders_requested = Signal()

    def __init__(
        self, session: Session, settings: Settings, folders: ModelFolders, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session, self._settings, self._folders = session, settings, folders
        self._popup: ChoicePopup | None = None
        self._part = ""
        self._behind: frozenset[Path] = frozenset()
        self._misfits: Mapping[Path, str] = {}
        self._fits = FitCheck(open_checkpoint, self)
        self._fits.found.connect(self._show)
        folders.changed.connect(self._update)

    def stop(self) -> None:
        """Wait for what runs in the background."""
        self._fits.stop()

    def ask(self, part: str, anchor: QWidget) -> None:
        """Show the popup of a slot below one of its widgets."""
        title = self.tr("Search a file for {part}").format(part=part_name(part))
        popup = ChoicePopup(title, anchor.window(), several=is_text_encoder(part))
        popup.chosen.connect(lambda paths: self.chosen.emit(part, paths))
        popup.browse_requested.connect(lambda: self.browse_requested.emit(part))
        popup.folders_requested.connect(self.folders_requested)
        popup.closed.connect(self._forget)
        self._popup, self._part = popup, part
        self._fits.ask(part, self._session.recipe, self._session.files)
        self._behind = frozenset(self._fits.misfits)
        self._update()
        popup.open_below(anchor)

    @Slot()
    def _update(self) -> None:
        """Show what there is now, and look into those files that have not been looked into."""
        if self._popup is not None:
            self._show()
            offered = fitting(self._folders.models, self._part)
            self._fits.look_at(model for models in offered for model in models)

    @Slot()
    def _show(self) -> None:
        if self._popup is not None:
            self._misfits = self._fits.misfits
            self._popup.show_groups(self.groups(self._part), self._note())

    @Slot()
    def _forget(self) -> None:
        self._popup = None
        self._fits.drop()

    def groups(self, part: str) -> Iterator[Group]:
        """Return everything a slot can take."""
        session = self._session
        current = slots.source_of(session.recipe, part, session.files)
        chosen = current.path if current else None
        files = session.files
        opened = [self._open(part, each, path == chosen) for path, each in files.items()]
        yield Group(self.tr("Open files"), tuple(sorted(opened, key=lambda each: each.reason)))
        models = [model for model in self._folders.models if model.path not in files]
        if self._behind:  # of what was known when the popup opened, so that no row moves
            models.sort(key=lambda model: model.path in self._behind)
        known = {*files, *(model.path for model in models)}
        recent = [path for path in self._settings.recent_files if path not in known]
        yield Group(self.tr("Recent files"), tuple(map(self._recent, recent[:_RECENT_SHOWN])))
        of_kind, whole, unknown = fitting(models, part)
        yield Group(self._title(part), tuple(map(self._choice, of_kind)))
        yield Group(self.tr("Whole checkpoints in your folders"), tuple(map(self._choice, whole)))
        yield Group(self.tr("Other models in your folders"), tuple(map(self._choice, unknown)))

    def _title(self, part: str) -> str:
        if part == "unet":
            return self.tr("Diffusion models in your folders")
        if is_text_encoder(part):
            return self.tr("Text encoders in your folders")
        return self.tr("{part} files in your folders").format(part=part_name(part))

    def _open(self, part: str, opened: Opened, current: bool) -> Choice:
        session, path = self._session, opened.checkpoint.path
        placed = slots.place_in(session.recipe, part, opened, session.files)
        reason = placed.reason if isinstance(placed, Refused) else ""
        size = sum(file.signature.size for file in opened.checkpoint.files)
        return Choice(path, path.name, str(path.parent), size, reason=reason, current=current)

    def _recent(self, path: Path) -> Choice:
        reason = "" if path.exists() else self.tr("no longer there")
        return Choice(path, path.name, str(path.parent), reason=reason)

    def _note(self) -> str:
        folders = self._folders
        if folders.busy:
            return self.tr("Looking through your folders…")
        if not folders.folders:
            return self.tr("Add the folders of ComfyUI and others to find models here.")
        return ""

    def _choice(self, model: Model) -> Choice:
        place = model.place
        if model.files > 1:
            place = self.tr("{count} files in {place}").format(count=model.files, place=place)
        reason = self._misfits.get(model.path, "") if self._misfits else ""
        return Choice(model.path, model.name, place, model.bytes, reason)
