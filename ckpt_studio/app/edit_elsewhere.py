"""Where edits of metadata go when not into the file itself: a copy of it, or a text."""

import os
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.edit_plan_text import copy_name, sidecar
from ckpt_studio.app.edited import Edited
from ckpt_studio.app.job_text import error_words
from ckpt_studio.app.panels.save_text import save_text
from ckpt_studio.app.settings import Settings
from ckpt_studio.core.editing.pasted_metadata import as_json
from ckpt_studio.core.errors import CkptStudioError, WriteError
from ckpt_studio.core.recipe import Output
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.banner import Message, Remedy
from ckpt_studio.qt.save_dialog import ask_for_file


class EditElsewhere(QObject):
    """Offers both, and asks for the name."""

    message = Signal(Message)
    copy_chosen = Signal(object, WriteOptions)  # Edited, its recipe with the copy as the output

    def __init__(self, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._settings, self._window = settings, window

    def offer(self, edited: Edited, error: CkptStudioError) -> None:
        """Say why a file cannot be written, with where else the edits can go."""
        what, todo = error_words(error)
        options = WriteOptions(hashes=self._settings.edit_hashes)
        copy = Remedy(self.tr("Save a &copy…"), lambda: self.copy(edited, options))
        text = Remedy(self.tr("Save as &JSON…"), lambda: self.text(edited))
        self.message.emit(Message(what, todo, remedies=(copy, text)))

    def copy(self, edited: Edited, options: WriteOptions) -> None:
        """Ask for the name of a copy."""
        source = edited.recipe.source
        path = ask_for_file(
            self._window,
            self.tr("Save a copy with the edited metadata"),
            self._writable(copy_name(source)),
            self.tr("Safetensors"),
            (".safetensors", ".sft"),
        )
        if path is not None:
            recipe = replace(edited.recipe, output=Output(path, overwrite=path.exists()))
            self.copy_chosen.emit(replace(edited, recipe=recipe), options)

    def text(self, edited: Edited) -> None:
        """Save the edited metadata as JSON, beside the model unless another place is chosen."""
        suggested = self._writable(sidecar(edited.recipe.source))
        title = self.tr("Save the metadata as JSON")
        try:
            path = save_text(self._window, title, suggested, as_json(edited.metadata))
        except WriteError as error:
            self.offer(edited, error)
            return
        if path is not None:
            told = self.tr("Saved {name}").format(name=path.name)
            todo = self.tr("The model is as it was; its edits are still open.")
            self.message.emit(Message(told, todo, kind="good"))

    def _writable(self, path: Path) -> Path:
        """Return a path, or its name in a folder that can be written."""
        if os.access(path.parent, os.W_OK):
            return path
        folder = self._settings.output_folder
        return Path(folder or Path.home()) / path.name
