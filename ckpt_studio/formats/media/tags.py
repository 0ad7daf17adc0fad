"""Names and texts of tags, which most containers of video and sound store alike."""

from collections.abc import Callable

from ckpt_studio.formats.pictures.collected import Collected, decoded

_KNOWN = {"prompt", "workflow", "parameters", "comment", "title", "description"}
_APPLE = "com.apple.quicktime."
LONGEST_NAME = 1000
"""Characters of a name that are kept."""


def add_tag(collected: Collected, name: str, data: bytes | str, place: str) -> None:
    """Keep the text of a tag; what is too large or empty is left out.

    Names of tags do not tell capitals apart, and Matroska has them in capitals only: those and
    the ones that tell how a file was made are kept in small letters, as pictures have them.
    """
    read_tag(collected, name, len(data), lambda: data, place)


def read_tag(
    collected: Collected, name: str, size: int, read: Callable[[], bytes | str], place: str
) -> None:
    """Keep a text as ``add_tag`` does; it is only read when there is room for its bytes."""
    if name.strip("\0 ") and size > 0 and collected.room(size, f"A text in {place}"):
        keep_tag(collected, name, read(), place)


def keep_tag(collected: Collected, name: str, data: bytes | str, place: str) -> None:
    """Keep a text as ``add_tag`` does, for which room was taken before."""
    name = name.strip("\0 ")[:LONGEST_NAME].removeprefix(_APPLE)
    if not name or not data:
        return
    text = decoded(data.rstrip(b"\0")) if isinstance(data, bytes) else data.rstrip("\0")
    small = name.lower()
    collected.add(small if name.isupper() or small in _KNOWN else name, text, place)
