"""The data files of model families and their parts: what is there, read as late as possible.

Parsing all of them takes longer than opening a file may take, so a quick look at their text
(``Heading``) says which are worth it.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ckpt_studio.core import data_files

FAMILIES = "architectures"
PARTS = "components"

_ANCHOR = re.compile(r'^anchor = "([^"]*)"', re.MULTILINE)
_BASE = re.compile(r'^base = "(\w+)"', re.MULTILINE)
_ENCODER = re.compile(r"^\[text_encoders\.(\w+)\]", re.MULTILINE)

_more: list[Path] = []


@dataclass(frozen=True, slots=True)
class Heading:
    """What a quick look at a data file tells.

    ``root`` is the family that all its bases lead to, itself where it has none. ``anchors`` are
    the ends of keys of which one is in every file of this kind.
    """

    id: str
    root: str
    anchors: frozenset[str]
    text_encoders: frozenset[str]


def use_also(folder: Path | None) -> None:
    """Take family files from one more folder, or with None from the program's own alone."""
    _more[:] = [folder] if folder else []
    for cached in (toml, headings, _ids):
        cached.cache_clear()


@cache
def headings(folder: str) -> tuple[Heading, ...]:
    """Return a heading for each data file of a folder."""
    texts = {name: _text(f"{folder}/{name}.toml") for name in _ids(folder)}
    bases = {name: found[1] for name, text in texts.items() if (found := _BASE.search(text))}
    return tuple(_heading(name, texts, bases) for name in texts)


def _heading(name: str, texts: Mapping[str, str], bases: Mapping[str, str]) -> Heading:
    anchors: set[str] = set()
    encoders: set[str] = set()
    at = name
    while True:
        anchors.update(_ANCHOR.findall(texts[at]))
        encoders.update(_ENCODER.findall(texts[at]))
        if at not in bases:
            return Heading(name, at, frozenset(anchors), frozenset(encoders))
        at = bases[at]


@cache
def _ids(folder: str) -> tuple[str, ...]:
    own = data_files.names(folder, ".toml")
    more = [file.name for path in _more for file in path.glob("*.toml") if folder == FAMILIES]
    return tuple(sorted(name[:-5] for name in {*own, *more} if not name.startswith("_")))


def exists(folder: str, name: str) -> bool:
    """Whether there is a data file of that id."""
    return name in _ids(folder)


def _text(name: str) -> str:
    for folder in _more:
        path = folder / Path(name).name
        if name.startswith(f"{FAMILIES}/") and path.is_file():
            return path.read_text(encoding="utf-8")
    return data_files.read_text(name)


@cache
def toml(name: str) -> dict[str, Any]:
    """Return the content of a data file by its path below ``resources``."""
    return tomllib.loads(_text(name))


def modules() -> dict[str, Any]:
    """Return the modules of all files that hold some."""
    return _of_all(FAMILIES, "_modules")


def forms() -> dict[str, Any]:
    """Return the lists of rules that forms may name, of all files that hold some."""
    return _of_all(PARTS, "_forms")


@cache
def _of_all(folder: str, start: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in data_files.names(folder, ".toml"):
        if name.startswith(start):
            found |= toml(f"{folder}/{name}")
    return found


def inherited(folder: str, name: str) -> dict[str, Any]:
    """Return the content of a data file with what it takes over from its base."""
    data = toml(f"{folder}/{name}.toml")
    return merged(inherited(folder, data["base"]), data) if "base" in data else data


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return tables with what other tables say differently."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            result[key] = merged(old, value)
        else:
            result[key] = value
    return result
