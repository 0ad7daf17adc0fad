"""Open files and recognise what they are, from their headers."""

from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint, Signature
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.recognise import recognise
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.probing import probe
from ckpt_studio.formats.files import signature_of
from ckpt_studio.formats.opening import is_model_index, read_any


class Library:
    """Remembers opened files for as long as they do not change on disk."""

    def __init__(self) -> None:
        self._opened: dict[Path, tuple[dict[Path, Signature], Opened]] = {}

    def open(self, path: Path | str) -> Opened:
        """Open a file, or return what is known of it already.

        Raises:
            FormatError: the file is no model, or is damaged.
        """
        path = Path(path)
        known = self._opened.get(path)
        if known is not None and _unchanged(known[0]):
            return known[1]
        # the index of shards is none of the checkpoint's files
        itself = {path: signature_of(path)} if is_model_index(path) else {}
        opened = open_checkpoint(path)
        seen = {file.path: file.signature for file in opened.checkpoint.files}
        self._opened[path] = (itself | seen, opened)
        return opened


def is_unchanged(checkpoint: Checkpoint) -> bool:
    """Whether the files of a checkpoint are what they were when it was opened."""
    return _unchanged({file.path: file.signature for file in checkpoint.files})


def _unchanged(seen: dict[Path, Signature]) -> bool:
    try:
        return all(signature_of(path) == before for path, before in seen.items())
    except FormatError:
        return False  # opening it again says what is wrong


def open_checkpoint(path: Path | str) -> Opened:
    """Read the header of a file or of a set of shards; recognise its model family and parts.

    Raises:
        FormatError: the file is no model, or is damaged; the message is one sentence.
    """
    checkpoint = read_any(Path(path))
    return Opened(checkpoint, probe(checkpoint, recognise(checkpoint)))
