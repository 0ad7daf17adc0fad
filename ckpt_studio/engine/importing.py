"""Read what can be imported into the metadata of a file, from whatever holds it."""

import os
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.editing.metadata_import import (
    Proposal,
    from_generation,
    from_json,
    from_metadata,
)
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.generation import GenerationInfo, read_generation
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.problems import Problem
from ckpt_studio.core.text import binary_size
from ckpt_studio.formats.files import open_source, read_exactly
from ckpt_studio.formats.media import Media, is_media, read_media
from ckpt_studio.formats.media.others import what_else
from ckpt_studio.formats.media_endings import MEDIA_ENDINGS
from ckpt_studio.formats.opening import read_any
from ckpt_studio.formats.shown import shown_name
from ckpt_studio.formats.sniff import guess

_MOST_TEXT = 16 << 20
_HEAD = 512
_FEWEST = 16
"""Bytes of a file that tell what it is, and of a text that tell how it is stored."""

_HINT = "Choose a workflow that ComfyUI exported, or metadata as ‘meta export’ writes them."


@dataclass(frozen=True, slots=True)
class Imported:
    """What a picture or another medium, a text or a checkpoint offers, and what was odd about it.

    ``media`` and ``info`` are those of a picture, a video or a sound, ``info`` also that of a text
    of A1111.
    """

    name: str
    proposals: tuple[Proposal, ...]
    media: Media | None = None
    info: GenerationInfo | None = None
    problems: tuple[Problem, ...] = ()


def read_import(source: Path | str | bytes, metadata: Metadata) -> Imported:
    """Read a picture, video or sound, a JSON or A1111 text, or a checkpoint, by its content.

    Raises:
        FormatError: it is none of them, or is damaged.
    """
    if isinstance(source, bytes):
        return import_media(source, metadata)
    path = Path(source)
    if path.is_dir():  # a set of shards or a folder of parts
        return import_checkpoint(path, metadata)
    head = _bytes(path, _HEAD)
    if is_media(head):
        return import_media(path, metadata)
    _refuse_others(head, path)
    if _encoding(head) != "utf-8-sig" or b"\0" not in head:
        return import_text(path, metadata)
    if path.suffix.lower() in MEDIA_ENDINGS and not _may_be_model(head):
        return import_media(path, metadata)
    return import_checkpoint(path, metadata)


def import_media(media: Path | str | bytes, metadata: Metadata) -> Imported:
    """Read a picture, a video or a sound, from a file or from bytes such as those of the clipboard.

    A picture that says nothing about how it was made gives no proposals; it can still be the
    thumbnail.

    Raises:
        FormatError: it is nothing that can be read.
    """
    read = read_media(media)
    info = read_generation(read.texts)
    name = "the picture" if isinstance(media, bytes) else shown_name(Path(media))
    problems = (*read.problems, *info.problems)
    return Imported(name, from_generation(info, metadata), read, info, problems)


def import_text(path: Path | str, metadata: Metadata) -> Imported:
    """Read a JSON file, or a text of A1111 such as it saves beside a picture.

    Raises:
        FormatError: it holds neither a graph nor metadata nor parameters.
    """
    path = Path(path)
    name, text = shown_name(path), _text(path)
    info = None if text.lstrip()[:1] in {"{", "["} else read_generation({"parameters": text})
    if info is not None:
        if not info.infotext:
            raise FormatError(f"{name} is a text without prompts or settings of A1111", _HINT)
        return Imported(name, from_generation(info, metadata), info=info, problems=info.problems)
    try:
        return Imported(name, from_json(text, metadata))
    except ValueError as error:
        raise FormatError(f"{name} {error}", _HINT) from error


def import_checkpoint(path: Path | str, metadata: Metadata) -> Imported:
    """Read the metadata of another checkpoint.

    Raises:
        FormatError: it is no model, or is damaged.
    """
    path = Path(path)
    return Imported(shown_name(path), from_metadata(read_any(path).metadata, metadata))


def _text(path: Path) -> str:
    data = _bytes(path, _MOST_TEXT + 1)
    if len(data) > _MOST_TEXT:
        raise FormatError(
            f"{shown_name(path)} is larger than {binary_size(_MOST_TEXT)}",
            "No program reads that much metadata.",
        )
    _refuse_others(data[:_HEAD] if data.strip() else b"", path)
    try:
        return data.decode(_encoding(data[:_HEAD]))
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{shown_name(path)} is no text in UTF-8 or UTF-16", "Choose a JSON file."
        ) from error


def _refuse_others(head: bytes, path: Path) -> None:
    other = what_else(head, len(head))
    if other is not None:
        raise FormatError(f"{shown_name(path)} is {other.what}", other.hint)


def _encoding(head: bytes) -> str:
    """Return how a text is stored; editors and the shell of Windows write UTF-16."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    even, odd = head[0::2], head[1::2]
    if len(head) >= _FEWEST and not odd.strip(b"\0") and b"\0" not in even:
        return "utf-16-le"
    if len(head) >= _FEWEST and not even.strip(b"\0") and b"\0" not in odd:
        return "utf-16-be"
    return "utf-8-sig"


def _may_be_model(head: bytes) -> bool:
    return head[8:9] == b"{" or guess(head, len(head)) is not None


def _bytes(path: Path, count: int) -> bytes:
    file = open_source(path)
    try:
        return read_exactly(file, count, 0)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise FormatError(
            f"{shown_name(path)} cannot be read: {reason}", "Check the disk."
        ) from error
    finally:
        os.close(file)
