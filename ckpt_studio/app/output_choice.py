"""What is written and where: the kind of output, its path, the names of separate files."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from ckpt_studio.app.model_folders import ModelFolders
from ckpt_studio.app.output_name import proposed_path
from ckpt_studio.app.session import Session
from ckpt_studio.app.settings import Settings
from ckpt_studio.core.output_kinds import (
    USUAL_SHARD_BYTES,
    OutputKind,
    ending,
    kind_of,
    with_kind,
)
from ckpt_studio.core.recipe import Output

_NAMES_MERGE = 100  # steps that type the name of one part are one step; others have other numbers
_SIZE_MERGE, _KIND_MERGE = 99, 98


class OutputChoice(QObject):
    """Changes the output of the recipe; proposes paths until the user gives one."""

    def __init__(self, session: Session, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._settings, self._window = session, settings, window
        self._proposed: set[Path | None] = set()
        self._file: Path | None = None  # where one file goes, while the parts go into a folder
        self._shard_bytes = USUAL_SHARD_BYTES
        self._folders: ModelFolders | None = None
        session.recipe_changed.connect(self._propose)

    def follow(self, folders: ModelFolders) -> None:
        """Propose the folder that the user's program has for what is written."""
        self._folders = folders
        folders.changed.connect(self._propose)

    def set_path(self, path: Path | None) -> None:
        """Take the path that the user typed or chose."""
        output = replace(self._session.recipe.output, path=path)
        self._proposed.discard(path)
        self._session.set_output(with_overwrite(output))

    def set_kind(self, kind: OutputKind) -> None:
        """Take another kind of output, as a step that can be undone."""
        recipe = self._session.recipe
        before = recipe.output
        if kind_of(before) is not OutputKind.PARTS:
            self._file = before.path
        elif self._file is None and before.path is not None:
            self._file = before.path / "model.safetensors"
            self._proposed.add(self._file)
        output = with_kind(replace(before, path=self._file), kind, self._shard_bytes)
        if self._file in self._proposed:
            self._proposed.add(output.path)
        changed = replace(recipe, output=with_overwrite(output))
        self._session.change(changed, self.tr("Save as"), _KIND_MERGE)

    def set_shard_bytes(self, size: int) -> None:
        """Take the most data that one file of a set holds."""
        self._shard_bytes = size
        recipe = self._session.recipe
        if kind_of(recipe.output) is OutputKind.SHARDS:
            output = replace(recipe.output, shard_bytes=size)
            self._session.change(replace(recipe, output=output), self.tr("Shard size"), _SIZE_MERGE)

    def set_part_file(self, part: str, file: str | None) -> None:
        """Take the name of the file of a part, "" to leave it out, None for the proposed one."""
        recipe = self._session.recipe
        names = {key: name for key, name in recipe.output.names.items() if key != part}
        if file is not None:
            names[part] = file
        output = with_overwrite(replace(recipe.output, names=names))
        merge = _NAMES_MERGE + self._number(part) if file else -1
        self._session.change(replace(recipe, output=output), self.tr("Name of a file"), merge)

    def _number(self, part: str) -> int:
        parts = self._session.parts
        names = [file.part for file in parts.files] if parts else []
        return names.index(part) if part in names else len(names)

    def browse(self) -> None:
        """Ask for the path by dialog; Replace is asked by the save plan, once."""
        output = self._session.recipe.output
        kind = kind_of(output)
        start = str(output.path or self._settings.output_folder)
        if kind is OutputKind.PARTS:
            title = self.tr("Folder for the parts")
            name = QFileDialog.getExistingDirectory(self._window, title, start)
        else:
            name = self._ask_name(kind, start)
        if name:
            path = Path(name)
            self.set_path(path if kind.is_folder or path.suffix else path.with_suffix(ending(kind)))

    def _ask_name(self, kind: OutputKind, start: str) -> str:
        filters = {
            OutputKind.CKPT: self.tr("PyTorch files (*.ckpt *.pt *.pth)"),
            OutputKind.DIFFUSERS: self.tr("Folders (*)"),
        }
        name, _ = QFileDialog.getSaveFileName(
            self._window,
            self.tr("Save checkpoint to"),
            start,
            filters.get(kind, self.tr("Models (*.safetensors *.sft)")),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        return name

    def note_saved(self) -> None:
        """The file exists now: propose another name, or plan to replace what the user named."""
        output = self._session.recipe.output
        if kind_of(output) is OutputKind.PARTS:
            self._session.set_output(with_overwrite(output))
        elif output.path in self._proposed:
            self._session.set_output(replace(output, path=None))
        else:
            self.set_path(output.path)
        self._session.replan()

    def _propose(self) -> None:
        """Follow the parts with the proposed name until the user gives one."""
        output = self._session.recipe.output
        if output.path is not None and output.path not in self._proposed:
            return
        path = proposed_path(self._session.recipe, self._folder(kind_of(output)))
        if path != output.path:
            self._proposed.add(path)
            self._session.set_output(replace(output, path=path, overwrite=False))

    def _folder(self, kind: OutputKind) -> Path | None:
        """Return the folder for a kind of output: of a program, else the one used last."""
        part = "diffusers" if kind is OutputKind.DIFFUSERS else "checkpoint"
        home = self._folders.proposed_folder(part) if self._folders else None
        last = self._settings.output_folder
        return home or (Path(last) if last else None)


def with_overwrite(output: Output) -> Output:
    """Return the output with leave to replace files that the user named; the save plan asks."""
    path = output.path
    if path is None:
        return replace(output, overwrite=False)
    if kind_of(output) is OutputKind.PARTS:
        named = (path / name for name in output.names.values() if name)
        return replace(output, overwrite=any(file.is_file() for file in named))
    shards = output.shard_bytes > 0 and path.name
    index = path.with_name(f"{path.name}.index.json") if shards else path
    return replace(output, overwrite=path.is_file() or index.is_file())
