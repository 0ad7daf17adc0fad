"""Do the same with each of several files; a bad one does not keep the others from their answer."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ckpt_studio.cli.command import Answer
from ckpt_studio.cli.printing import printable
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.engine.summary import Json, failure


def of_each(
    files: Sequence[Path], look: Callable[[Path], Json], text: Callable[[list[Json]], str]
) -> Answer:
    """Return one object for one file, and a list of them for several.

    Raises:
        CkptStudioError: the only file is bad; among several it has an entry with ``error``.
    """
    if len(files) == 1:
        document = look(files[0])
        return Answer(document, lambda: text([document]))
    documents: list[Json] = []
    errors: list[CkptStudioError] = []
    for path in files:
        try:
            documents.append(look(path))
        except CkptStudioError as error:
            documents.append({"file": str(path), "error": failure(error)})
            errors.append(error)
    return Answer({"files": documents}, lambda: text(documents), _several(errors))


def failed_page(document: Json) -> str:
    """Return what a person reads of a bad file."""
    return f"{printable(document['file'])}\n  {printable(document['error']['message'])}"


def _several(errors: list[CkptStudioError]) -> CkptStudioError | None:
    if len(errors) < 2:  # noqa: PLR2004 - one speaks for itself
        return errors[0] if errors else None
    return CkptStudioError(f"{len(errors)} files could not be read.")
