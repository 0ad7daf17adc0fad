"""A document as it is when saving it is asked for, and the work that saves it."""

from contextlib import suppress
from dataclasses import dataclass

from ckpt_studio.app.document import Document
from ckpt_studio.app.parts_job import planned
from ckpt_studio.app.verbs import MakePlan, Verbs
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import CkptStudioError, SourceChangedError
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.recipe import EditMetadata, Output
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.formats.shown import shown_name
from ckpt_studio.qt.job import Work

Outcome = Plan | CkptStudioError


@dataclass(frozen=True, eq=False, slots=True)
class Edited:
    """The edits of a document over a file that was ``opened``."""

    document: Document
    recipe: EditMetadata
    metadata: Metadata
    opened: Opened


def edited_now(document: Document) -> Edited | None:
    """Return a document as it is now, None where there is no file behind it."""
    opened = document.opened
    if opened is None or document.assembled:
        return None
    path = opened.checkpoint.path
    recipe = EditMetadata(path, document.edits_since_original(), Output(path=path, overwrite=True))
    return Edited(document, recipe, dict(document.metadata), opened)


def outcome_of(plan: MakePlan, recipe: EditMetadata) -> Outcome:
    """Return the plan of an edit, or why there is none."""
    try:
        return plan(recipe)
    except CkptStudioError as error:
        return error


def same_header(one: Checkpoint, other: Checkpoint) -> bool:
    """Whether two states of a file hold the same metadata and table of tensors.

    Edits made over the one can be saved over the other then: nothing is lost that nobody saw.
    """
    return (
        list(one.metadata.items()) == list(other.metadata.items()) and one.tensors == other.tensors
    )


def work_of(
    edited: Edited, verbs: Verbs, options: WriteOptions, written: list[Opened] | None = None
) -> Work:
    """Return work that saves edits, unless the file is not the one they were made for.

    ``written`` is given the file as it is afterwards.
    """

    def work(progress: ProgressCallback, cancel: CancelToken) -> Report:
        plan = planned(verbs.plan(edited.recipe))
        if not same_header(edited.opened.checkpoint, plan.sources[0]):
            raise SourceChangedError(
                f"{shown_name(edited.recipe.source)} was changed by another program",
                "Nothing was saved. Look at what is in the file now, then save again.",
            )
        report = verbs.write(plan, options, progress, cancel)
        if written is not None:
            with suppress(CkptStudioError):  # who looks at the file next says what became of it
                written[:] = [verbs.open(report.path)]
        return report

    return work
