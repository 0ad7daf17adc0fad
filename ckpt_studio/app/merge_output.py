"""Where a merge is written: a proposed path that follows the models until the user gives one."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.model_folders import ModelFolders
from ckpt_studio.app.output_choice import with_overwrite
from ckpt_studio.app.output_name import proposed_merge_path
from ckpt_studio.app.settings import Settings

_SUFFIX = ".safetensors"


class MergeOutput(QObject):
    """Changes the output of the draft."""

    def __init__(
        self, choices: MergeChoices, settings: Settings, folders: ModelFolders, window: QWidget
    ) -> None:
        super().__init__(window)
        self._choices, self._settings = choices, settings
        self._folders, self._window = folders, window
        self._proposed: set[Path | None] = set()
        choices.draft_changed.connect(self._propose)
        folders.changed.connect(self._propose)

    def set_path(self, path: Path | None) -> None:
        """Take the path that the user typed or chose."""
        self._proposed.discard(path)
        output = replace(self._choices.draft.recipe.output, path=path)
        self._choices.set_output(with_overwrite(output))

    def browse(self) -> None:
        """Ask for a path by dialog."""
        now = self._choices.draft.recipe.output.path
        name, _ = QFileDialog.getSaveFileName(
            self._window,
            self.tr("Save merge to"),
            str(now or self._settings.output_folder),
            self.tr("Models (*.safetensors *.sft)"),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if name:
            path = Path(name)
            self.set_path(path if path.suffix else path.with_suffix(_SUFFIX))

    def note_saved(self) -> None:
        """The file exists now: propose another name, or plan to replace what the user named."""
        output = self._choices.draft.recipe.output
        if output.path in self._proposed:
            self._choices.set_output(replace(output, path=None))
        else:
            self.set_path(output.path)
        self._choices.replan()

    def _propose(self) -> None:
        output = self._choices.draft.recipe.output
        if output.path is not None and output.path not in self._proposed:
            return
        last = self._settings.output_folder
        home = self._folders.proposed_folder("checkpoint")
        path = proposed_merge_path(self._choices.draft, home or (Path(last) if last else None))
        if path != output.path:
            self._proposed.add(path)
            self._choices.set_output(replace(output, path=path, overwrite=False))
