"""Open files and recognise what they are, from their headers."""

from pathlib import Path

from ckpt_studio.core.checkpoint import Signature
from ckpt_studio.core.recognise import recognise
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.probing import probe
from ckpt_studio.formats.files import signature_of
from ckpt_studio.formats.safetensors import read_checkpoint


class Library:
    """Remembers opened files for as long as they do not change on disk."""

    def __init__(self) -> None:
        self._opened: dict[Path, tuple[Signature, Opened]] = {}

    def open(self, path: Path) -> Opened:
        """Open a file, or return what is known of it already.

        Raises:
            FormatError: the file is no model, or is damaged.
        """
        known = self._opened.get(path)
        if known is not None and known[0] == signature_of(path):
            return known[1]
        opened = open_checkpoint(path)
        self._opened[path] = (opened.checkpoint.files[0].signature, opened)
        return opened


def open_checkpoint(path: Path) -> Opened:
    """Read the header of a file and recognise its model family and parts.

    Raises:
        FormatError: the file is no model, or is damaged; the message is one sentence.
    """
    checkpoint = read_checkpoint(path)
    return Opened(checkpoint, probe(checkpoint, recognise(checkpoint)))
