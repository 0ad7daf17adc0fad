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
from ckpt_studio.formats.opening import read_any
from ckpt_studio.formats.pictures import Picture, is_picture, read_picture
from ckpt_studio.formats.shown import shown_name

_MOST_TEXT = 16 << 20
_HEAD = 512


@dataclass(frozen=True, slots=True)
class Imported:
    """What a picture, a text or a checkpoint offers, and what was odd about it.

    ``picture`` and ``info`` are those of a picture, ``info`` also that of a text of A1111.
    """

    name: str
    proposals: tuple[Proposal, ...]
    picture: Picture | None = None
    info: GenerationInfo | None = None
    problems: tuple[Problem, ...] = ()


def read_import(source: Path | str | bytes, metadata: Metadata) -> Imported:
    """Read a picture, a JSON or A1111 text, or a checkpoint, whichever it is by its content.

    Raises:
        FormatError: it is none of them, or is damaged.
    """
    if isinstance(source, bytes):
        return import_picture(source, metadata)
    head = _head(Path(source))
    if is_picture(head):
        return import_picture(source, metadata)
    if b"\0" not in head and head.removeprefix(b"\xef\xbb\xbf").strip():
        return import_text(source, metadata)
    return import_checkpoint(source, metadata)


def import_picture(picture: Path | str | bytes, metadata: Metadata) -> Imported:
    """Read a picture, from a file or from bytes such as those of the clipboard.

    A picture that says nothing about how it was made gives no proposals; it can still be the
    thumbnail.

    Raises:
        FormatError: it is no PNG, JPEG or WebP.
    """
    read = read_picture(picture)
    info = read_generation(read.texts)
    name = "the picture" if isinstance(picture, bytes) else shown_name(Path(picture))
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
    if info is not None and info.parameters:
        return Imported(name, from_generation(info, metadata), info=info, problems=info.problems)
    try:
        return Imported(name, from_json(text, metadata))
    except ValueError as error:
        raise FormatError(
            f"{name} {error}",
            "Choose a workflow that ComfyUI exported, or metadata as ‘meta export’ writes them.",
        ) from error


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
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{shown_name(path)} is no text in UTF-8", "Choose a JSON file."
        ) from error


def _head(path: Path) -> bytes:
    # a set of shards or a folder of parts is opened as a checkpoint
    return b"" if path.is_dir() else _bytes(path, _HEAD)


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
