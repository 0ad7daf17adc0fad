"""The program's data files: model families, icons, themes. Everything reads them through here.

They live in the top-level folder ``resources``, which is packaged as ``ckpt_studio.resources``.
"""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_PACKAGE = "ckpt_studio.resources"


@cache
def _root() -> Traversable:
    return files(_PACKAGE)


def read_text(name: str) -> str:
    """Return a data file as text; ``name`` is its path below ``resources``, with slashes."""
    return _root().joinpath(name).read_text(encoding="utf-8")


def read_bytes(name: str) -> bytes:
    """Return a data file as bytes."""
    return _root().joinpath(name).read_bytes()


def names(folder: str, suffix: str) -> tuple[str, ...]:
    """Return the sorted names of the files in a folder that end in ``suffix``."""
    found = _root().joinpath(folder).iterdir()
    return tuple(sorted(item.name for item in found if item.name.endswith(suffix)))


def path(name: str) -> str:
    """Return where a data file is, with slashes, for Qt's style sheets."""
    return str(_root().joinpath(name)).replace("\\", "/")
