"""Read the small JSON files beside a model strictly: which shard holds which tensor."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

from typing_extensions import override

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.files import open_source, read_exactly
from ckpt_studio.formats.shown import shown, shown_name
from ckpt_studio.formats.strict_json import DamagedError, Walker

_MOST_BYTES = 32 << 20
_MOST_ENTRIES = 250_000
_AGAIN = "Download the index again."
T = TypeVar("T")


class _Json(Walker):
    @override
    def damaged(self, reason: str) -> NoReturn:
        """Refuse the text at this position."""
        raise DamagedError(f"it is not valid JSON at byte {self.at:,}: {reason}", _AGAIN)


def read_weight_map(path: Path) -> dict[str, str]:
    """Return the file that holds each tensor, by the name of the tensor.

    Raises:
        FormatError: the index is missing, damaged, or too large.
    """
    return _read(path, _weight_map)


def read_components(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the library and the class of each component of a ``model_index.json``.

    Raises:
        FormatError: the file is missing, damaged, or too large.
    """
    return _read(path, _components)


def read_settings(path: Path) -> dict[str, object]:
    """Return what a configuration says, such as a ``scheduler_config.json``.

    Raises:
        FormatError: the file is missing, damaged, or too large.
    """
    return _read(path, lambda walker: {key: walker.value() for key in walker.members()})


def _read(path: Path, parse: Callable[[Walker], T]) -> T:
    source = open_source(path)
    try:
        raw = read_exactly(source, _MOST_BYTES + 1, 0)
    except OSError as problem:
        raise FormatError(
            f"{shown_name(path)} cannot be read: {problem.strerror}", "Check the disk."
        ) from problem
    finally:
        os.close(source)
    try:
        return _parsed(raw, parse)
    except DamagedError as problem:
        raise FormatError(
            f"{shown_name(path)} is no index of a model: {problem.reason}", problem.hint or _AGAIN
        ) from problem


def _parsed(raw: bytes, parse: Callable[[Walker], T]) -> T:
    if len(raw) > _MOST_BYTES:
        raise DamagedError(f"it is larger than {_MOST_BYTES:,} bytes")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise DamagedError(f"it is not valid UTF-8 JSON at byte {problem.start:,}") from None
    walker = _Json(raw.removeprefix(b"\xef\xbb\xbf").decode("latin-1"))
    if not walker.skip():
        raise DamagedError("it is empty, which is not valid JSON")
    if walker.kind() != "an object":
        raise DamagedError(f"its JSON is {walker.kind()}, not an object")
    found = parse(walker)
    if walker.skip():
        walker.damaged("something follows the closing bracket")
    return found


def _weight_map(walker: Walker) -> dict[str, str]:
    found: dict[str, str] | None = None
    for key in walker.members():
        if key != "weight_map":
            walker.value()
            continue
        if found is not None:
            raise DamagedError("it has two weight_map entries (duplicate)")
        found = _texts(walker)
    if not found:
        raise DamagedError("its weight_map is missing or empty")
    return found


def _texts(walker: Walker) -> dict[str, str]:
    if walker.kind() != "an object":
        raise DamagedError(f"its weight_map is {walker.kind()}, not an object")
    found: dict[str, str] = {}
    for name in walker.members():
        if name in found:
            raise DamagedError(f'its weight_map lists "{shown(name)}" twice (duplicate)')
        if walker.kind() != "a string":
            raise DamagedError(
                f'its weight_map gives "{shown(name)}" {walker.kind()} instead of a file name'
            )
        found[name] = walker.string()
        if len(found) > _MOST_ENTRIES:
            raise DamagedError(f"its weight_map lists more than {_MOST_ENTRIES:,} tensors")
    return found


def _components(walker: Walker) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key in walker.members():
        value = walker.value()
        if not key.startswith("_") and isinstance(value, list):
            found[key] = tuple(str(each) for each in value if isinstance(each, str))
    return found
