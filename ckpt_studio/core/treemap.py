"""Tensors as areas: part, block, tensor, each as large as its bytes.

The layout is "squarified" (Bruls, Huizing and van Wijk, 2000): tiles as square as they get.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.query import Row
from ckpt_studio.core.text import count

Area = tuple[float, float, float, float]
"""Left, top, width, height."""

MOST = 240
"""The most tiles inside one: the smaller ones of a larger group are one tile together."""


@dataclass(frozen=True, eq=False)
class Tile:
    """A group of tensors, or one.

    What is inside is worked out when it is asked for: of 20,000 tensors only few are ever seen.
    """

    name: str
    rows: tuple[Row, ...]
    _divide: "Callable[[tuple[Row, ...]], tuple[Tile, ...]] | None" = None

    @cached_property
    def dtypes(self) -> dict[str, int]:
        """Bytes by type."""
        sizes: dict[str, int] = {}
        for row in self.rows:
            label = row.tensor.dtype.label
            sizes[label] = sizes.get(label, 0) + row.tensor.nbytes
        return sizes

    @cached_property
    def size(self) -> int:
        """Bytes of all tensors."""
        if len(self.rows) == 1:
            return self.rows[0].tensor.nbytes
        return sum(row.tensor.nbytes for row in self.rows)

    @cached_property
    def dtype(self) -> str:
        """The type that most of the bytes have, "" where there is nothing."""
        if len(self.rows) == 1:
            return self.rows[0].tensor.dtype.label
        return max(self.dtypes, key=lambda label: (self.dtypes[label], label), default="")

    @cached_property
    def children(self) -> "tuple[Tile, ...]":
        """The tiles inside, the largest first; none in a single tensor."""
        return self._divide(self.rows) if self._divide else ()


def tiles(rows: Iterable[Row]) -> Tile:
    """Return all tensors as one tile: parts, in them blocks, in them tensors, the largest first."""
    return Tile("", tuple(row for row in rows if row.tensor.nbytes), _parts)


def _parts(rows: tuple[Row, ...]) -> tuple[Tile, ...]:
    return _divided(rows, lambda row: row.part, lambda part: part_name(part) or "Other", _blocks)


def _blocks(rows: tuple[Row, ...]) -> tuple[Tile, ...]:
    return _divided(rows, lambda row: row.block, lambda block: block or "other", _tensors)


def _tensors(rows: tuple[Row, ...]) -> tuple[Tile, ...]:
    ordered = sorted(rows, key=lambda row: (-row.tensor.nbytes, row.tensor.name))
    kept, others = _at_most(ordered)
    found = [Tile(row.tensor.name, (row,)) for row in kept]
    return _with_rest(found, len(others), tuple(others), _tensors)


def _divided(
    rows: tuple[Row, ...],
    key: Callable[[Row], str],
    name: Callable[[str], str],
    inner: Callable[[tuple[Row, ...]], tuple[Tile, ...]],
) -> tuple[Tile, ...]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return _kept([Tile(name(each), tuple(group), inner) for each, group in groups.items()])


def _kept(found: Iterable[Tile]) -> tuple[Tile, ...]:
    kept, others = _at_most(sorted(found, key=lambda tile: (-tile.size, tile.name)))
    together = tuple(row for tile in others for row in tile.rows)
    return _with_rest(kept, len(others), together, lambda _: _kept(others))


_Any = TypeVar("_Any")


def _at_most(ordered: Sequence[_Any]) -> tuple[Sequence[_Any], Sequence[_Any]]:
    """Return what becomes tiles of its own, and what becomes one together."""
    if len(ordered) <= MOST:
        return ordered, ()
    return ordered[: MOST - 1], ordered[MOST - 1 :]


def _with_rest(
    found: Sequence[Tile],
    others: int,
    rows: tuple[Row, ...],
    inner: Callable[[tuple[Row, ...]], tuple[Tile, ...]],
) -> tuple[Tile, ...]:
    """Return tiles with one for the others among them."""
    if not others:
        return tuple(found)
    rest = Tile(f"{count(others)} more", rows, inner)
    return tuple(sorted((*found, rest), key=lambda tile: -tile.size))


def squarified(sizes: Sequence[float], area: Area) -> Iterator[Area]:
    """Yield an area for each size, which are positive and in falling order; they fill ``area``."""
    left, top, width, height = area
    total = sum(sizes)
    if not total or width <= 0 or height <= 0:
        yield from ((left, top, 0.0, 0.0) for _ in sizes)
        return
    start = 0
    while start < len(sizes):
        side = min(width, height)
        # anew for each band, so that rounding never leads out of the area
        scale = width * height / sum(sizes[start:])
        stop, band = _row_of(sizes, start, side, scale)
        thick = band / side
        along = left if width < height else top
        for size in sizes[start:stop]:
            length = size * scale / thick
            if width < height:
                yield (along, top, length, thick)
            else:
                yield (left, along, thick, length)
            along += length
        if width < height:
            top, height = top + thick, max(height - thick, 1e-9)
        else:
            left, width = left + thick, max(width - thick, 1e-9)
        start = stop


def _row_of(sizes: Sequence[float], start: int, side: float, scale: float) -> tuple[int, float]:
    """Return where the row that begins at ``start`` ends, and its area: while it gets squarer."""
    largest = sizes[start] * scale
    band, worst = 0.0, float("inf")
    for place in range(start, len(sizes)):
        smallest = sizes[place] * scale
        wider = band + smallest
        ratio = max(side * side * largest / wider**2, wider**2 / (side * side * smallest))
        if ratio > worst:
            return place, band
        band, worst = wider, ratio
    return len(sizes), band
