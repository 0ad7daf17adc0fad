"""The program's data files: model families, icons, themes. Everything reads them through here.

They live in the top-level folder ``resources``, which is packaged as ``ckpt_studio.resources``.
"""

from importlib.resources import files

_PACKAGE = "ckpt_studio.resources"


def read_text(name: str) -> str:
    """Return a data file as text; ``name`` is its path below ``resources``, with slashes."""
    return files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")


def read_bytes(name: str) -> bytes:
    """Return a data file as bytes."""
    return files(_PACKAGE).joinpath(name).read_bytes()


def names(folder: str, suffix: str) -> tuple[str, ...]:
    """Return the sorted names of the files in a folder that end in ``suffix``."""
    found = files(_PACKAGE).joinpath(folder).iterdir()
    return tuple(sorted(item.name for item in found if item.name.endswith(suffix)))
