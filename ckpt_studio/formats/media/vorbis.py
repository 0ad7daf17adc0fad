"""Comments of Vorbis, which FLAC, Opus and Theora have as well: lines ``NAME=text``."""

from ckpt_studio.formats.media.tags import LONGEST_NAME, add_tag
from ckpt_studio.formats.pictures.collected import Collected

_MOST = 10_000
_PICTURES = {"METADATA_BLOCK_PICTURE", "COVERART"}


def read_comments(data: bytes, collected: Collected, place: str) -> None:
    """Collect the comments in a block that begins with the name of the program."""
    at = 4 + int.from_bytes(data[:4], "little")
    count = int.from_bytes(data[at : at + 4], "little")
    at += 4
    for _ in range(min(count, _MOST)):
        size = int.from_bytes(data[at : at + 4], "little")
        if at + 4 + size > len(data):
            collected.odd("The file is corrupt or ends early: a comment is cut off.")
            return
        name, _, text = data[at + 4 : at + 4 + size].partition(b"=")
        title = name[:LONGEST_NAME].decode("utf-8", "replace")
        if title.upper() not in _PICTURES:
            add_tag(collected, title, text, place)
        at += 4 + size
