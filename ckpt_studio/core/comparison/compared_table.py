"""The tensors of two files as a table that fills with values while it is looked at."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from typing import Any

from ckpt_studio.core.comparison.comparing import (
    ComparedTensor,
    Comparison,
    State,
    largest_blocks_first,
)
from ckpt_studio.core.comparison.difference_map import Place, block_rank, map_of, places_of
from ckpt_studio.core.comparison.differences import Difference, TensorDifference
from ckpt_studio.core.query import natural_key


class Column(Enum):
    """What can be shown and sorted by; the value is the title."""

    KEY = "Key"
    PART = "Part"
    BLOCK = "Block"
    SHAPE = "Shape"
    A = "A"
    B = "B"
    RELATIVE = "Rel. L2"
    COSINE = "Cosine"
    LARGEST = "Max |Δ|"
    RESULT = "Result"


COLUMNS = tuple(Column)
VALUES = frozenset({Column.RELATIVE, Column.COSINE, Column.LARGEST})
"""Columns of numbers that are only known when values were compared."""


class Standing(StrEnum):
    """How a tensor stands in A beside B, as far as it is known; in the order of a sorted column."""

    DIFFERENT = "differs"
    SHAPE = "other shape"
    ONLY_A = "only A"
    ONLY_B = "only B"
    OPEN = "not compared"
    SAME = "rounded"
    IDENTICAL = "identical"


_ORDER = {standing: rank for rank, standing in enumerate(Standing)}
_KEYS: Mapping[Column, Callable[[ComparedTensor], Any]] = {
    Column.PART: lambda row: row.part,
    Column.SHAPE: lambda row: side.shape if (side := row.a or row.b) else (),
    Column.A: lambda row: row.a.dtype.label if row.a else "",
    Column.B: lambda row: row.b.dtype.label if row.b else "",
}
_BY_HEADER = {
    State.ONLY_A: Standing.ONLY_A,
    State.ONLY_B: Standing.ONLY_B,
    State.SHAPE: Standing.SHAPE,
}


class Show(StrEnum):
    """Which tensors to show."""

    ALL = "all"
    DIFFERENT = "different"  # other values or shape; other types until the values are known
    ONLY_A = "only-a"
    ONLY_B = "only-b"


@dataclass(frozen=True, slots=True)
class ComparedQuery:
    """What to look for; empty fields do not narrow anything.

    ``text`` is several words that must all occur in the names a tensor has, without regard to case.
    """

    text: str = ""
    show: Show = Show.ALL
    part: str | None = None
    place: Place | None = None


class ComparedTable:
    """The rows of a comparison with what is known of their values.

    What searching and sorting need is worked out when it is made, away from the window.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        self.rows: Sequence[ComparedTensor] = comparison.tensors
        self.results: list[TensorDifference | None] = [None] * len(self.rows)
        self.places: Sequence[Place] = places_of(self.rows)
        self.map = map_of(comparison, self.places)
        self.standings = [_BY_HEADER.get(row.state, Standing.OPEN) for row in self.rows]
        self.counts: Counter[Standing] = Counter(self.standings)
        self._retyped = [row.state is State.DTYPE for row in self.rows]
        self._texts = [_searched(row) for row in self.rows]
        self._by_name = _natural_order(self.rows)
        self._largest_first = _positions(self.rows)
        self._orders: dict[Column, list[int]] = {Column.KEY: self._by_name}

    def take(self, found: Iterable[tuple[int, TensorDifference]]) -> None:
        """Take in what comparing the values of some rows gave; once for each."""
        news = [(index, one) for index, one in found if self.results[index] is None]
        for index, one in news:
            self.results[index] = one
            standing = _standing(one)
            self.counts[self.standings[index]] -= 1
            self.counts[standing] += 1
            self.standings[index] = standing
        self.map = self.map.updated((self.places[index], one) for index, one in news)
        for column in (*VALUES, Column.RESULT):
            self._orders.pop(column, None)

    def found(self) -> list[TensorDifference]:
        """Return what is known of values."""
        return [one for one in self.results if one is not None]

    def progress(self, part: str | None = None) -> tuple[int, int]:
        """Return how many tensors (of a part) were compared, and how many still can be."""
        counts = self.counts
        if part is not None:
            pairs = zip(self.rows, self.standings, strict=True)
            counts = Counter(standing for row, standing in pairs if row.part == part)
        done = counts[Standing.IDENTICAL] + counts[Standing.SAME] + counts[Standing.DIFFERENT]
        return done, counts[Standing.OPEN]

    def left(self, part: str | None = None) -> tuple[int, ...]:
        """Return the rows whose values can still be compared, those of the largest blocks first."""
        return tuple(
            index
            for index in self._largest_first
            if self.standings[index] is Standing.OPEN
            and (part is None or self.rows[index].part == part)
        )

    def order(self, column: Column, *, descending: bool = False) -> list[int]:
        """Return all row numbers in the order of a column; what is not known comes last."""
        if column not in self._orders:
            keys = self._keys(column)
            known = [index for index in self._by_name if keys[index] is not None]
            self._orders[column] = sorted(known, key=keys.__getitem__)
        order = self._orders[column]
        order = order[::-1] if descending else order
        if len(order) == len(self.rows):
            return order
        known_rows = frozenset(order)
        return [*order, *(index for index in self._by_name if index not in known_rows)]

    def _keys(self, column: Column) -> Sequence[Any]:
        if column in VALUES:
            return [number_of(one, column) for one in self.results]
        if column is Column.RESULT:
            return [_ORDER[standing] for standing in self.standings]
        if column is Column.BLOCK:
            ranks = {block: block_rank(block) for block in {row.block for row in self.rows}}
            return [ranks[row.block] for row in self.rows]
        return [_KEYS[column](row) for row in self.rows]

    def matching(self, query: ComparedQuery, order: Iterable[int]) -> list[int]:
        """Return the row numbers that answer a query, in the given order."""
        found = list(order)
        if query.part is not None:
            found = [index for index in found if self.rows[index].part == query.part]
        if query.place is not None:
            found = [index for index in found if self.places[index] == query.place]
        if query.show is not Show.ALL:
            found = self._shown(query.show, found)
        for word in query.text.lower().split():
            found = [index for index in found if word in self._texts[index]]
        return found

    def _shown(self, show: Show, order: Sequence[int]) -> list[int]:
        standings = self.standings
        if show is not Show.DIFFERENT:
            wanted = Standing.ONLY_A if show is Show.ONLY_A else Standing.ONLY_B
            return [index for index in order if standings[index] is wanted]
        different, shape, unknown = Standing.DIFFERENT, Standing.SHAPE, Standing.OPEN
        return [
            index
            for index in order
            if (standing := standings[index]) is different
            or standing is shape
            or (standing is unknown and self._retyped[index])
        ]

    def swapped(self, comparison: Comparison) -> "ComparedTable":
        """Return the table of B beside A, with what is known; ``comparison`` is that of B and A."""
        table = ComparedTable(comparison)
        known = {(one.tensor.part, one.tensor.name): one for one in self.results if one}
        rows = ((index, (row.part, row.name)) for index, row in enumerate(table.rows))
        table.take(
            (index, _mirrored(known[name], table.rows[index]))
            for index, name in rows
            if name in known
        )
        return table


def number_of(one: TensorDifference | None, column: Column) -> float | None:
    """Return what a column of values says of a tensor, None where that is not known."""
    if one is None:
        return None
    gap = one.difference
    if gap is None:
        return 0.0 if one.identical and column is not Column.COSINE else None
    if gap.invalid and only_invalid(one):
        return None if column is Column.COSINE else math.inf
    if column is Column.COSINE:
        return gap.cosine
    return gap.relative if column is Column.RELATIVE else gap.largest


def only_invalid(one: TensorDifference) -> bool:
    """Whether a tensor differs, and all its finite values are the same: no number tells that."""
    gap = one.difference
    return gap is not None and not one.same and bool(gap.invalid) and not gap.squares


def _standing(one: TensorDifference) -> Standing:
    if one.identical:
        return Standing.IDENTICAL
    return Standing.SAME if one.same else Standing.DIFFERENT


def _mirrored(one: TensorDifference, row: ComparedTensor) -> TensorDifference:
    gap = one.difference
    return replace(one, tensor=row, difference=None if gap is None else _swapped(gap))


def _swapped(gap: Difference) -> Difference:
    return replace(
        gap,
        squares_a=gap.squares_b,
        squares_b=gap.squares_a,
        invalid_a=gap.invalid_b,
        invalid_b=gap.invalid_a,
    )


def _searched(row: ComparedTensor) -> str:
    sides = (side.names for side in (row.a, row.b) if side is not None)
    return "\n".join({row.name, *(name for names in sides for name in names)}).lower()


def _natural_order(rows: Sequence[ComparedTensor]) -> list[int]:
    names = [row.name.split(".") for row in rows]
    words = {word: natural_key(word) for word in {word for name in names for word in name}}
    keys = [[words[word] for word in name] for name in names]
    return sorted(range(len(rows)), key=keys.__getitem__)


def _positions(rows: Sequence[ComparedTensor]) -> list[int]:
    place = {id(row): index for index, row in enumerate(rows)}
    return [place[id(row)] for row in largest_blocks_first(rows)]
