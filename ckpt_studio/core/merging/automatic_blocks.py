"""The blocks of a model that no partition is written for, from the names of its tensors alone."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def automatic_rows(
    keys: Iterable[str], rules: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield name and starts of keys of each block: IN, numbered stacks, OUT (``merging.md`` 1a).

    A stack is the first ``word.NUMBER.`` in a key whose word means repeated layers; ``rules`` are
    those of the data file. Files hold their tensors by name, so that what comes before and after
    the stacks is told by words, not by its place. Keys of no block belong to IN.
    """
    stack, out = re.compile(rules["stack"]), re.compile(rules["out"])
    numbers: dict[str, set[int]] = {}
    starts: dict[tuple[str, int], str] = {}
    after: set[str] = set()
    for key in keys:
        if found := stack.match(key):
            numbers.setdefault(found["stack"], set()).add(int(found["number"]))
            starts[found["stack"], int(found["number"])] = found[0]
        elif out.match(key):
            after.add(key.partition(".")[0] + ".")
    yield "IN", ()
    ordered = sorted(numbers, key=lambda name: (_rank(name, rules["order"]), name))
    letters = _letters(ordered)
    for name in ordered:
        for number in sorted(numbers[name]):
            yield f"{letters[name]}{number:02}", (starts[name, number],)
    yield "OUT", tuple(sorted(after))


def _rank(name: str, order: list[str]) -> int:
    """Return the place of the first word of the order that is in the name; "" are all others."""
    found = (place for place, word in enumerate(order) if word and word in name)
    return next(found, order.index(""))


def _letters(stacks: list[str]) -> dict[str, str]:
    """Return what the blocks of each stack are called, such as D for ``double_blocks``.

    A stack whose letter is taken, or would read as IN or OUT, has more letters.
    """
    taken: dict[str, str] = {}
    for stack in stacks:
        word = stack.rpartition(".")[2].upper()
        starts = (word[:length].rstrip("_") for length in range(1, len(word) + 1))
        free = (letters for letters in starts if letters not in {*taken.values(), "IN", "OUT"})
        taken[stack] = next(free, stack)
    return taken
