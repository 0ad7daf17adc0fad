"""Tensors as areas: part, block, tensor, each as large as its bytes.

The layout is "squarified" (Bruls, Huizing and van Wijk, 2000): tiles as square as they get.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ckpt_studio.core.part_names import part_name
from ckpt_studio.core.query import Row

Area = tuple[float, float, float, float]
"""Left, top, width, height."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A group of tensors, or one; ``dtype`` is the type that most of its bytes have."""

    name: str
    size: int
    dtype: str
    rows: tuple[Row, ...]
    children: tuple["Tile", ...] = ()


def tiles(rows: Iterable[Row]) -> Tile:
    """Return all tensors as one tile: parts, in them blocks, in them tensors, the largest first."""
    whole = tuple(row for row in rows if row.tensor.nbytes)
    parts = _divided(whole, lambda row: part_name(row.part) if row.part else "Other", _blocks)
    return _tile("", whole, parts)


def _blocks(rows: tuple[Row, ...]) -> tuple[Tile, ...]:
    return _divided(rows, lambda row: row.block or "other", _tensors)


def _tensors(rows: tuple[Row, ...]) -> tuple[Tile, ...]:
    found = (_tile(row.tensor.name, (row,), ()) for row in rows)
    return tuple(sorted(found, key=lambda tile: (-tile.size, tile.name)))


def _divided(
    rows: tuple[Row, ...],
    name: Callable[[Row], str],
    inner: Callable[[tuple[Row, ...]], tuple[Tile, ...]],
) -> tuple[Tile, ...]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(name(row), []).append(row)
    found = (_tile(key, tuple(group), inner(tuple(group))) for key, group in groups.items())
    return tuple(sorted(found, key=lambda tile: (-tile.size, tile.name)))


def _tile(name: str, rows: tuple[Row, ...], children: tuple[Tile, ...]) -> Tile:
    sizes: dict[str, int] = {}
    for row in rows:
        label = row.tensor.dtype.label
        sizes[label] = sizes.get(label, 0) + row.tensor.nbytes
    most = max(sizes, key=lambda label: (sizes[label], label), default="")
    return Tile(name, sum(sizes.values()), most, rows, children)


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
