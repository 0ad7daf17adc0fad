"""Data files: model families, icons, themes. Everything reads them through ``read_text``."""

from importlib.resources import files


def read_text(name: str) -> str:
    """Return a data file as text; ``name`` is its path below this folder, with slashes."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def read_bytes(name: str) -> bytes:
    """Return a data file as bytes."""
    return files(__name__).joinpath(name).read_bytes()


def names(folder: str, suffix: str) -> tuple[str, ...]:
    """Return the sorted names of the files in a folder that end in ``suffix``."""
    return tuple(
        sorted(
            item.name
            for item in files(__name__).joinpath(folder).iterdir()
            if item.name.endswith(suffix)
        )
    )
