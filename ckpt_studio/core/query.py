"""A table of tensors that can be filtered and sorted as fast as a person types."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from time import monotonic
from typing import Any, Self

from ckpt_studio.core.blocks import block_of
from ckpt_studio.core.pattern import search_pattern
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.tensors import TensorInfo

_NUMBER = re.compile(r"\d+")
_SECONDS = 0.5
_KEY_LENGTH = 300
_CHECK_EVERY = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One tensor with the part and the block it belongs to, ``""`` for none."""

    tensor: TensorInfo
    part: str = ""
    block: str = ""


class Column(Enum):
    """What can be shown and sorted by; the value is the title."""

    KEY = "Key"
    PART = "Part"
    BLOCK = "Block"
    TYPE = "Type"
    SHAPE = "Shape"
    PARAMETERS = "Parameters"
    SIZE = "Size"
    OFFSET = "Offset"


COLUMNS = tuple(Column)


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; empty fields do not narrow anything.

    ``text`` is several words that must all occur, or a regular expression, both without regard to
    case. Sizes are in bytes, both ends included. ``block`` is only used together with ``part``.
    ``names`` are exact; only those are shown.
    """

    text: str = ""
    regex: bool = False
    part: str | None = None
    dtype: str | None = None
    least: int = 0
    most: int | None = None
    block: str | None = None
    names: frozenset[str] | None = None


def natural_key(text: str) -> str:
    """Return a text that sorts ``blocks.2`` before ``blocks.10``."""
    return _NUMBER.sub(lambda digits: digits[0].zfill(9), text.lower())


class _NaturalWords(dict[str, str]):
    """Remembers words: in a checkpoint the same few make up all names."""

    def __missing__(self, word: str) -> str:
        self[word] = natural_key(word)
        return self[word]


class Table:
    """Rows that never change, with what searching and sorting need worked out once."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows: Sequence[Row] = tuple(rows)
        self._orders: dict[Column, list[int]] = {}

    @classmethod
    def of(cls, opened: Opened) -> Self:
        """Return the table of an opened file."""
        parts = opened.recognition.part_of()
        return cls(
            Row(tensor, parts.get(name, ""), block_of(name) or "")
            for name, tensor in opened.checkpoint.tensors.items()
        )

    def prepare(self) -> Self:
        """Work out what searching and sorting by key need, which is most of the work there is."""
        self.order(Column.KEY)
        return self

    @cached_property
    def _lower(self) -> list[str]:
        return [row.tensor.name.lower() for row in self.rows]

    @cached_property
    def _natural_rank(self) -> list[int]:
        words = _NaturalWords()
        keys = [".".join(map(words.__getitem__, name.split("."))) for name in self._lower]
        ranks = [0] * len(keys)
        for rank, index in enumerate(sorted(range(len(keys)), key=keys.__getitem__)):
            ranks[index] = rank
        return ranks

    def order(self, column: Column, *, descending: bool = False) -> list[int]:
        """Return all row numbers in the order of a column; equal ones by key."""
        if column not in self._orders:
            keys = _sort_keys(column, self.rows, self._natural_rank)
            by_name = sorted(range(len(self.rows)), key=self._natural_rank.__getitem__)
            self._orders[column] = sorted(by_name, key=keys.__getitem__)
        order = self._orders[column]
        return order[::-1] if descending else order

    def matching(self, query: Query, order: Iterable[int]) -> list[int]:
        """Return the row numbers that answer a query, in the given order.

        Raises:
            ValueError: one sentence, when the regular expression is wrong or too slow.
        """
        found = _narrowed(query, self.rows, order)
        if query.regex and query.text:
            return _searched(search_pattern(query.text), self._lower, found)
        for word in query.text.lower().split():
            found = [index for index in found if word in self._lower[index]]
        return found


def _sort_keys(column: Column, rows: Sequence[Row], ranks: list[int]) -> Sequence[Any]:
    if column is Column.KEY:
        return ranks
    words = _NaturalWords()
    key: dict[Column, Callable[[Row], Any]] = {
        Column.PART: lambda row: row.part,
        Column.BLOCK: lambda row: words[row.block],
        Column.TYPE: lambda row: row.tensor.dtype.label,
        Column.SHAPE: lambda row: row.tensor.shape,
        Column.PARAMETERS: lambda row: row.tensor.parameters,
        Column.SIZE: lambda row: row.tensor.nbytes,
        Column.OFFSET: lambda row: (row.tensor.shard, row.tensor.offset),
    }
    return [key[column](row) for row in rows]


def _narrowed(query: Query, rows: Sequence[Row], order: Iterable[int]) -> list[int]:
    """Apply the exact conditions one by one; each is a single pass over what is left."""
    found = list(order)
    if query.names is not None:
        found = [index for index in found if rows[index].tensor.name in query.names]
    if query.part is not None:
        found = [index for index in found if rows[index].part == query.part]
    if query.block is not None:
        found = [index for index in found if rows[index].block == query.block]
    if query.dtype is not None:
        found = [index for index in found if rows[index].tensor.dtype.label == query.dtype]
    if query.least or query.most is not None:
        most = query.most
        found = [
            index
            for index in found
            if query.least <= (size := rows[index].tensor.nbytes) and (most is None or size <= most)
        ]
    return found


def _searched(pattern: re.Pattern[str], keys: Sequence[str], order: Sequence[int]) -> list[int]:
    end = monotonic() + _SECONDS
    found = []
    for step, index in enumerate(order):
        if step % _CHECK_EVERY == 0 and monotonic() > end:
            raise ValueError("This pattern takes too long.")
        if pattern.search(keys[index], 0, _KEY_LENGTH):
            found.append(index)
    return found
