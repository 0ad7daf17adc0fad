"""Unsaved edits survive a crash: kept while they are made, offered at the next start."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ckpt_studio.app.background import Background
from ckpt_studio.app.document import Document
from ckpt_studio.app.merge_choices import MergeChoices
from ckpt_studio.app.session import Session
from ckpt_studio.app.sources import Sources
from ckpt_studio.app.unsaved_work import LeftWork, UnsavedWork, left_work
from ckpt_studio.core.editing.metadata_rules import difference
from ckpt_studio.core.lora.recipes import AnyRecipe
from ckpt_studio.core.merging.draft import draft_of
from ckpt_studio.core.recipe import Assemble, Convert, EditMetadata, Extract, Merge, Recipe
from ckpt_studio.core.text import counted, listed
from ckpt_studio.qt.banner import Banner, Message, Remedy

_PAUSE_MS = 1_000


class Recovery(QObject):
    """Keeps the recipe, the merge and the edits of open files; brings those of a lost run back."""

    restored = Signal(object)  # the recipe that was brought back first, the others are told

    def __init__(
        self,
        session: Session,
        merge: MergeChoices,
        sources: Sources,
        banner: Banner,
        folder: Path,
    ) -> None:
        super().__init__(session)
        self._session, self._merge = session, merge
        self._sources, self._banner = sources, banner
        self._folder = folder
        self._work = UnsavedWork(folder)
        self._writing = Background(self)  # a disk may take its time
        self._brought_back: list[LeftWork] = []  # given up once this run has kept it
        self._restored: list[AnyRecipe] = []
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._keep)
        session.undo_group.indexChanged.connect(self._soon)
        session.undo_group.cleanChanged.connect(self._soon)
        session.recipe_changed.connect(self._soon)
        session.files_changed.connect(self._soon)
        merge.draft_changed.connect(self._soon)
        merge.undo_stack.cleanChanged.connect(self._soon)

    def offer(self) -> None:
        """Offer what a run that ended by accident had not saved."""
        left = left_work(self._folder)
        if not left:
            return
        recipes = [recipe for work in left for recipe in work.recipes]
        self._banner.show_message(
            Message(
                self.tr("The program ended before {what} saved.").format(what=_were(len(recipes))),
                self.tr("The edits can be brought back. Your files were not changed."),
                "\n".join(map(_described, recipes)),
                kind="note",
                remedies=(
                    Remedy(self.tr("&Restore"), lambda: self._restore(left)),
                    Remedy(self.tr("&Discard"), lambda: _remove(left)),
                ),
            )
        )

    def finish(self) -> None:
        """The window closes in good order: nothing is left to bring back."""
        self._pause.stop()
        self._writing.stop()
        self._work.forget()

    @Slot()
    def _soon(self) -> None:
        self._pause.start()

    @Slot()
    def _keep(self) -> None:
        recipes = [_recipe_of(self._session, each) for each in self._session.unsaved]
        if self._merge.unsaved:
            recipes.append(self._merge.draft.merge)
        self._writing.request(lambda _: self._work.keep(recipes), lambda _: self._give_up())

    def _give_up(self) -> None:
        _remove(tuple(self._brought_back))
        self._brought_back.clear()

    def _restore(self, left: tuple[LeftWork, ...]) -> None:
        for work in left:
            self._sources.open_for(_sources_of(work), partial(self._put, work))

    def _put(self, work: LeftWork, opened: Mapping[Path, Document]) -> None:
        """Take over what was kept; it is given up only once all of it is kept by this run."""
        whole = [recipe for recipe in work.recipes if set(_paths(recipe)) <= opened.keys()]
        for recipe in whole:
            if isinstance(recipe, EditMetadata):
                opened[recipe.source].restore_edits(recipe.edits)
            elif isinstance(recipe, Assemble):
                self._take(recipe)
            elif isinstance(recipe, Merge):
                self._merge.change(draft_of(recipe), self.tr("Restore the last session"))
        if len(whole) == len(work.recipes):
            self._brought_back.append(work)
        self._keep()
        self._tell(whole, opened)

    def _tell(self, whole: list[AnyRecipe], opened: Mapping[Path, Document]) -> None:
        """Show the first thing that came back where it can be edited, and name them all."""
        first = not self._restored
        self._restored += whole
        if first and whole:
            recipe, document = whole[0], self._session.new_checkpoint
            if isinstance(recipe, EditMetadata):
                document = opened[recipe.source]
            self._session.show_document(document)
            self.restored.emit(recipe)
        if len(self._restored) > 1:
            names = listed([self._name_of(recipe) for recipe in self._restored])
            what = self.tr("Brought back: {names}.").format(names=names)
            self._banner.show_message(Message(what, kind="note"))

    def _name_of(self, recipe: AnyRecipe) -> str:
        if isinstance(recipe, EditMetadata):
            return self.tr("the edits of {name}").format(name=recipe.source.name)
        if isinstance(recipe, Merge):
            return self.tr("the merge")
        return self.tr("the new checkpoint")

    def _take(self, recipe: Assemble) -> None:
        session = self._session
        wanted = replace(recipe, output=session.recipe.output)
        session.change(wanted, self.tr("Restore the last session"))
        session.new_checkpoint.restore_edits(recipe.metadata.edits)


def _recipe_of(session: Session, document: Document) -> Recipe:
    """Return what is unsaved, without the steps on the way: each of them may hold a workflow."""
    path, edits = document.path, difference(document.original, document.metadata)
    if document is session.new_checkpoint or path is None:
        return replace(session.recipe, metadata=replace(session.recipe.metadata, edits=edits))
    return EditMetadata(path, edits)


def _remove(left: tuple[LeftWork, ...]) -> None:
    for work in left:
        work.remove()


def _paths(recipe: AnyRecipe) -> tuple[Path, ...]:
    if isinstance(recipe, Convert | Extract | EditMetadata):
        return (recipe.source,)
    return recipe.sources


def _sources_of(work: LeftWork) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path for recipe in work.recipes for path in _paths(recipe)))


def _described(recipe: AnyRecipe) -> str:
    return ", ".join(map(str, _paths(recipe)))


def _were(number: int) -> str:
    return f"{counted(number, 'change')} {'was' if number == 1 else 'were'}"
