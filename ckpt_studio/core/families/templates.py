"""Expand the key templates of a model family into its tensors.

The language is described at the top of ``resources/architectures/_modules.toml``: lines that give a
tensor's shape or the module that stands at a key, with sizes as products of numbers and arguments.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from ckpt_studio.core.tensors import DTYPES, DType

Arguments = Mapping[str, int | str]
Lines = Mapping[str, "str | Lines"]

_SPEC = re.compile(r"^(?:(\w+) )?\[([^\]]*)\](?: = (\S+))?$")
_BRACES = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"\.(\d{1,4})(?=\.)")
_MOST_BLOCKS = 1_000
_RANGE = re.compile(r"^(\d+)-(\d+)(?:/(\d+))?$")


@dataclass(frozen=True, slots=True)
class Spec:
    """What a tensor of a model has to be.

    ``shape`` has a negative size where it may differ (-77: usually 77) and 0 where anything goes.
    ``dtype`` is None where it follows the chosen precision. ``default`` says what is written when
    a source has none: ``identity``, ``arange``, ``rotary``, ``blur`` or a number, ``optional``
    that nothing is; None means the tensor is needed.
    """

    shape: tuple[int, ...]
    dtype: DType | None = None
    default: str | None = None

    @property
    def optional(self) -> bool:
        """Whether the model has the tensor only where a source has it."""
        return self.default == "optional"

    @property
    def usual_shape(self) -> tuple[int, ...]:
        """The shape with the usual sizes where they may differ."""
        return tuple(abs(size) for size in self.shape)

    def accepts(self, shape: tuple[int, ...]) -> bool:
        """Whether a tensor of this shape can stand here."""
        return len(shape) == len(self.shape) and all(
            want <= 0 or want == size for want, size in zip(self.shape, shape, strict=True)
        )


def parse_spec(text: str, arguments: Arguments | None = None) -> Spec:
    """Read ``"F32 [c, 77] = arange"``.

    Raises:
        ValueError: the text is no tensor.
    """
    found = _SPEC.match(text)
    if found is None:
        raise ValueError(f"“{text}” is no tensor")
    dtype, sizes, default = found.groups()
    shape = tuple(_size(size.strip(), arguments or {}) for size in sizes.split(",") if size.strip())
    return Spec(shape, DTYPES[dtype] if dtype else None, default)


@lru_cache(maxsize=4096)
def _spec(text: str, arguments: tuple[tuple[str, int | str], ...]) -> Spec:
    return parse_spec(text, dict(arguments))


def _size(word: str, arguments: Arguments) -> int:
    if word == "*":
        return 0
    if word.startswith("~"):
        return -_size(word[1:], arguments)
    return prod(int(arguments.get(factor, factor)) for factor in word.split("*"))


@dataclass(frozen=True, slots=True)
class Module:
    """A named group of lines with arguments."""

    arguments: tuple[str, ...]
    lines: Lines


class Modules:
    """All modules that lines may name."""

    def __init__(self, tables: Mapping[str, Lines]) -> None:
        self._modules: dict[str, Module] = {}
        for head, lines in tables.items():
            name, *arguments = head.split()
            self._modules[name] = Module(tuple(arguments), lines)

    def expand(
        self, lines: Lines, arguments: Arguments, existing: Iterable[str] = ()
    ) -> dict[str, Spec]:
        """Return every tensor of a part.

        ``existing`` are the keys of a file; ``{~40}`` repeats as far as they go, 40 times where
        they say nothing.
        """
        known = _Existing(existing)
        return dict(self._lines("", lines, arguments, known))

    def _lines(
        self, prefix: str, lines: Lines, arguments: Arguments, existing: "_Existing"
    ) -> Iterator[tuple[str, Spec]]:
        for pattern, text in lines.items():
            if not text:  # a line that an inheriting family takes away
                continue
            for key in _keys(prefix, pattern, arguments, existing):
                if isinstance(text, str):
                    yield from self._line(key, text, arguments, existing)
                else:
                    yield from self._lines(f"{key}." if key else "", text, arguments, existing)

    def _line(
        self, key: str, text: str, arguments: Arguments, existing: "_Existing"
    ) -> Iterator[tuple[str, Spec]]:
        if text.endswith("]") or "] = " in text:
            yield key, _spec(text, tuple(arguments.items()))
            return
        name, *values = text.split()
        module = self._modules[str(arguments.get(name, name))]
        inner = {
            argument: _value(value, arguments)
            for argument, value in zip(module.arguments, values, strict=True)
        }
        yield from self._lines(f"{key}." if key else "", module.lines, inner, existing)


def _value(token: str, arguments: Arguments) -> int | str:
    if token in arguments:
        return arguments[token]
    return token if token.isidentifier() else _size(token, arguments)


class _Existing:
    """Counts how far a numbered key goes in a file."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._counts: dict[str, int] = {}
        for key in keys:
            for found in _NUMBER.finditer(key):
                head, count = key[: found.start(1)], int(found[1]) + 1
                self._counts[head] = max(self._counts.get(head, 0), count)

    def count(self, head: str, usual: int) -> int:
        """One more than the largest number after ``head``; a gap is then found missing."""
        return min(self._counts.get(head, usual), _MOST_BLOCKS)


def _keys(prefix: str, pattern: str, arguments: Arguments, existing: _Existing) -> Iterator[str]:
    if not pattern or pattern.startswith("@"):
        yield prefix.rstrip(".")
        return
    brace = _BRACES.search(pattern)
    if brace is None:
        yield prefix + pattern
        return
    head = prefix + pattern[: brace.start()]
    for item in _items(brace[1], head, arguments, existing):
        yield from _keys(head + item, pattern[brace.end() :] or "@", arguments, existing)


def _items(text: str, head: str, arguments: Arguments, existing: _Existing) -> Iterable[str]:
    if "|" in text:
        return text.split("|")
    if text.startswith("~"):
        usual = int(arguments.get(text[1:], text[1:]))
        return map(str, range(existing.count(head, usual)))
    if found := _RANGE.match(text):
        return map(str, range(int(found[1]), int(found[2]) + 1, int(found[3] or 1)))
    value = arguments.get(text, text)
    if isinstance(value, str) and not value.isdigit():
        return (value,)
    return map(str, range(int(value)))
