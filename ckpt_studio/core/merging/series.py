"""Names of several files that differ in one value of a merge."""

from collections.abc import Sequence
from pathlib import PurePath

PLACE = "{alpha}"
"""Stands in the name of an output for the value of the parameter."""


def series_names(name: str, values: Sequence[float]) -> tuple[str, ...]:
    """Return a name for each value: in place of ``{alpha}``, or at the end of the stem."""
    if PLACE in name:
        return tuple(name.replace(PLACE, f"{value:g}") for value in values)
    path = PurePath(name)
    return tuple(str(path.with_name(f"{path.stem}_{value:g}{path.suffix}")) for value in values)
