"""The Merge panel in the window, built late, with its files and jobs; and the LoRA tools."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from ckpt_studio.app.background import Background
from ckpt_studio.app.document import Document
from ckpt_studio.app.lora_making import LoraMaking
from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.merge_output import MergeOutput
from ckpt_studio.app.merge_recipe import MergeRecipe
from ckpt_studio.app.merge_saving import MergeSaving
from ckpt_studio.app.model_folders import ModelFolders
from ckpt_studio.app.panels_late import LatePanel
from ckpt_studio.app.panes import show_in_folder
from ckpt_studio.app.saving import Saving
from ckpt_studio.app.session import Session
from ckpt_studio.app.sources import Sources
from ckpt_studio.core.merging import draft as drafts
from ckpt_studio.core.merging.draft import Draft
from ckpt_studio.core.merging.weights_text import Preset
from ckpt_studio.core.plan import Report
from ckpt_studio.core.recipe import LoraUse, Merge
from ckpt_studio.core.recognition import Opened
from ckpt_studio.qt.banner import Message

if TYPE_CHECKING:
    from ckpt_studio.app.panels.merge import MergePanel

ANYWHERE = -1
"""A place for files that find theirs by themselves."""


class Merging(QObject):
    """Opens what is dropped, puts it where it belongs, and connects the panel."""

    failed = Signal(Exception)
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
        self._session, self._sources, self._window = session, sources, window
        settings = self._settings = saving.settings
        self._panel: MergePanel | None = None
        self.choices = MergeChoices(session, self)
        self.output = MergeOutput(self.choices, settings, folders, window)
        self.saving = MergeSaving(session, self.choices, self.output, saving)
        self._reading = Background(self)
        self._reading.failed.connect(self.failed)
        self.recipes = MergeRecipe(session, settings, folders, window)
        self.recipes.failed.connect(self.failed)
        self.recipes.message.connect(self.message)
        self.recipes.found.connect(self._take_recipe)
        self.loras = LoraMaking(session, sources, saving, folders, window)
        self.loras.message.connect(self.message)
        self.late = LatePanel(self._built)
        self.saving.saved.connect(self._show_result)
        title = self.tr("Merge")
        session.other_uses[title] = lambda path: path in self.choices.draft.sources

    def _built(self, parent: QWidget) -> QWidget:
        from ckpt_studio.app.panels.merge import MergePanel  # noqa: PLC0415 - on first visit

        panel = MergePanel(self._session, self.choices, parent)
        panel.files_dropped.connect(self.take)
        panel.browse_requested.connect(self._browse)
        panel.vae_dropped.connect(self._take_vae)
        panel.vae_browse_requested.connect(self._browse_vae)
        panel.loras_dropped.connect(self._take_loras)
        panel.lora_browse_requested.connect(self._browse_loras)
        panel.save_requested.connect(self.saving.save)
        panel.open_recipe_requested.connect(self.recipes.browse)
        panel.output.path_edited.connect(self.output.set_path)
        panel.output.browse_requested.connect(self.output.browse)
        panel.blocks.import_requested.connect(self._import_presets)
        panel.result.show_in_folder_requested.connect(show_in_folder)
        panel.result.open_requested.connect(self._sources.look_at)
        panel.failed.connect(self.failed)
        self._panel = panel
        if self._settings.preset_file and Path(self._settings.preset_file).is_file():
            self._show_presets(Path(self._settings.preset_file))
        return panel

    def take(self, place: int, files: tuple[Path, ...]) -> None:
        """Open files and put them in place: a model on one, or all where they belong."""
        if len(files) == 1 and is_recipe(files[0]):
            self.recipes.open(files[0])
            return

        def put(found: Mapping[Path, Document]) -> None:
            opened = {path: each.opened for path, each in found.items() if each.opened}
            draft = self.choices.draft
            if place != ANYWHERE and len(opened) == 1:
                draft = drafts.with_model(draft, place, next(iter(opened)))
            else:
                for path, each in opened.items():
                    draft = _placed(draft, path, each)
            self._change(draft, tuple(opened))

        self._sources.open_for(files, put)

    def stop(self) -> None:
        """Wait for what runs."""
        self.choices.stop()
        self.loras.stop()
        self._reading.stop()
        self.recipes.stop()

    def _take_recipe(self, recipe: Merge) -> None:
        """Show a recipe whose files are all there."""

        def put(found: Mapping[Path, Document]) -> None:
            if set(recipe.sources) <= found.keys():
                self.choices.change(drafts.draft_of(recipe), self.tr("Open recipe"))

        self._sources.open_for(recipe.sources, put)

    def _take_vae(self, files: tuple[Path, ...]) -> None:
        def put(found: Mapping[Path, Document]) -> None:
            if found:
                draft = drafts.with_giver(self.choices.draft, "vae", None)
                self._change(drafts.with_vae(draft, next(iter(found))), tuple(found))

        self._sources.open_for(files[:1], put)

    def _take_loras(self, files: tuple[Path, ...]) -> None:
        def put(found: Mapping[Path, Document]) -> None:
            draft = self.choices.draft
            more = tuple(LoraUse(path) for path in found)
            self._change(drafts.with_loras(draft, (*draft.recipe.loras, *more)), tuple(found))

        self._sources.open_for(files, put)

    def _change(self, draft: Draft, paths: tuple[Path, ...]) -> None:
        for path in paths:
            self._settings.add_recent(path)
            self._settings.source_folder = str(path.parent)
        names = self.tr("Add {name}").format(name=paths[0].name) if paths else ""
        several = self.tr("Add {count} files").format(count=len(paths))
        if draft == self.choices.draft:
            self.choices.replan()
        else:
            self.choices.change(draft, names if len(paths) == 1 else several)

    def _browse(self, place: int) -> None:
        files = self._sources.ask(self.tr("Choose models to merge"))
        if files:
            self.take(place, files)

    def _browse_vae(self) -> None:
        files = self._sources.ask(self.tr("Choose a VAE"))
        if files:
            self._take_vae(files)
        elif self._panel is not None:
            self._panel.parts.forget_vae()

    def _browse_loras(self) -> None:
        files = self._sources.ask(self.tr("Choose LoRAs"))
        if files:
            self._take_loras(files)

    def _import_presets(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Import presets of block weights"),
            self._settings.preset_file,
            self.tr("Presets (*.tsv *.txt *.csv);;All files (*)"),
        )
        if name:
            self._settings.preset_file = name
            self._show_presets(Path(name))

    def _show_presets(self, path: Path) -> None:
        def show(found: tuple[Preset, ...]) -> None:
            if self._panel is not None:
                self._panel.blocks.tools.set_own_presets(found)

        from ckpt_studio.formats.presets_file import read_presets  # noqa: PLC0415 - late

        self._reading.request(lambda _: read_presets(path), show)

    def _show_result(self, report: Report) -> None:
        if self._panel is not None:
            self._panel.result.show_report(report)
        QApplication.alert(self._window)


def is_recipe(path: Path) -> bool:
    """Whether a file is a recipe by its name, and no index of shards or of a folder."""
    name = path.name.lower()
    index = name.endswith(".index.json") or name == "model_index.json"
    return path.suffix.lower() == ".json" and not index


def _placed(draft: Draft, path: Path, opened: Opened) -> Draft:
    """Put a file where it belongs: a LoRA to the LoRAs, a lone VAE to be baked in, else a model."""
    found = opened.recognition
    if found.kind == "lora":
        return drafts.with_loras(draft, (*draft.recipe.loras, LoraUse(path)))
    if [part.part for part in found.parts] == ["vae"]:
        return drafts.with_vae(drafts.with_giver(draft, "vae", None), path)
    return drafts.with_models(draft, (path,))
