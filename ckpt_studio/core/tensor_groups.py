"""Tensors as a tree of dotted names, opened level by level, and totals over any of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from ckpt_studio.core import text
from ckpt_studio.core.query import Row
from ckpt_studio.core.tensors import DTYPES

_BYTE = 8


@dataclass(frozen=True, slots=True)
class Totals:
    """Number of tensors, elements and bytes, and the element types by bytes, largest first."""

    tensors: int
    parameters: int
    nbytes: int
    dtypes: tuple[str, ...]

    def text(self) -> str:
        """Return the totals without their number, as ``48 MiB · 25,165,824 parameters · F16``."""
        parameters = f"{text.count(self.parameters)} parameters"
        types = (", ".join(self.dtypes),) if self.dtypes else ()
        return " · ".join((text.binary_size(self.nbytes), parameters, *types))


def totals(rows: Iterable[Row]) -> Totals:
    """Add up some rows."""
    rows = rows if isinstance(rows, Sequence) else tuple(rows)
    sizes: dict[str, int] = {}
    for row in rows:
        label = row.tensor.dtype.label
        sizes[label] = sizes.get(label, 0) + row.tensor.nbytes
    parameters = sum(
        size * _BYTE // bits
        if (bits := DTYPES[label].bits) % _BYTE == 0
        else sum(row.tensor.parameters for row in rows if row.tensor.dtype.label == label)
        for label, size in sizes.items()
    )
    labels = tuple(sorted(sizes, key=sizes.__getitem__, reverse=True))
    return Totals(len(rows), parameters, sum(sizes.values()), labels)


@dataclass(eq=False)
class Group:
    """A folder of tensors whose names begin the same; ``row`` is set for a tensor itself.

    ``prefix`` is that beginning, with its dot. Folders with nothing but one folder inside are
    joined with it (``model.diffusion_model``).
    """

    name: str
    rows: Sequence[Row]
    prefix: str = ""
    parent: "Group | None" = None
    place: int = 0
    row: Row | None = None

    @cached_property
    def totals(self) -> Totals:
        """What is inside."""
        return totals(self.rows)

    @cached_property
    def children(self) -> list["Group"]:
        """Folders and tensors inside, in the order of the rows."""
        if self.row is not None:
            return []
        children = [self._child(rows) for rows in self._divided().values()]
        for place, child in enumerate(children):
            child.place = place
        return children

    def _child(self, rows: list[Row]) -> "Group":
        start = len(self.prefix)
        if len(rows) == 1:
            name = rows[0].tensor.name
            return Group(name[start:] or name, rows, parent=self, row=rows[0])
        names = [row.tensor.name for row in rows]
        prefix = _shared_folder(min(names), max(names))
        return Group(prefix[start:-1], rows, prefix, self)

    def _divided(self) -> dict[str, list[Row]]:
        """Sort the rows by their next word; that of a folder has its dot."""
        groups: dict[str, list[Row]] = {}
        start = len(self.prefix)
        for row in self.rows:
            name = row.tensor.name
            end = name.find(".", start) + 1
            word = name[start:end] if end else name[start:]
            groups.setdefault(word, []).append(row)
        return groups


def _shared_folder(one: str, other: str) -> str:
    """Return the folders that two names have in common, with the last dot."""
    shared = 0
    for word, same in zip(one.split(".")[:-1], other.split(".")[:-1], strict=False):
        if word != same:
            break
        shared += len(word) + 1
    return one[:shared]
