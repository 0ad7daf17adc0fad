"""Rename the tensors of a part from one spelling to another, and back.

The rules are data (``resources/components/_forms.toml`` says how they read); applying them gives,
for each name of the new spelling, the expression over the old tensors that makes it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import prod

from ckpt_studio.core.expr import Expr, concat, reshape, rows, swap_halves, transpose
from ckpt_studio.core.families.key_pattern import KeyPattern, fill, key_pattern, letters

_OPERATIONS = ("transpose", "split", "join", "swap", "alias", "conv", "matrix", "shape")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a form: which keys it takes, what happens to them, and their new names.

    ``slot`` is the place of a part that is joined to others, ``shares`` how the rows are divided
    among the parts that are split off, or for a part that is joined, its own share. A ``shape``
    is the one in the other spelling, with 0 for the size that is left.
    """

    source: KeyPattern
    targets: tuple[str, ...]
    operation: str = ""
    slot: int = 0
    shares: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()
    inner: tuple["Rule", ...] = ()

    def match(self, name: str) -> tuple[str, ...] | None:
        """Return the new names of a key, None when the rule does not take it."""
        found = self.source.match(name)
        if found is None:
            return None
        holes, rest = found
        rest = rename_head(self.inner, rest)
        return tuple(fill(target, holes) + rest for target in self.targets)


def rename_head(rules: Sequence[Rule], name: str) -> str:
    """Return a name after the first rule that takes it, unchanged where none does."""
    for rule in rules:
        if new := rule.match(name):
            return new[0]
    return name


def parse_rules(
    lines: Iterable[Sequence[str]], tables: Mapping[str, Sequence[Sequence[str]]]
) -> tuple[Rule, ...]:
    """Read the lines of a form; ``tables`` are the inner renames they may name."""
    return tuple(_parse(line, tables) for line in lines)


def _parse(line: Sequence[str], tables: Mapping[str, Sequence[Sequence[str]]]) -> Rule:
    source, second, *more = line
    operation, *numbers = second.split() or [""]
    if not more or operation not in _OPERATIONS:
        inner = parse_rules(tables[more[0]], tables) if more else ()
        return Rule(key_pattern(source), (second,), inner=inner)
    if operation == "join":
        slot, share = (int(number) for number in (*numbers, "1")[:2])
        return Rule(key_pattern(source), tuple(more), operation, slot, (share,))
    if operation == "shape":
        shape = tuple(0 if size == "*" else int(size) for size in numbers)
        return Rule(key_pattern(source), tuple(more), operation, shape=shape)
    return Rule(key_pattern(source), tuple(more), operation, shares=(1,) * len(more))


_BACK = {"conv": "matrix", "matrix": "conv", "shape": "reshape"}


def inverse(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return the rules that lead back, those that take the fewest keys first.

    A second spelling of a key (``alias``, or a later rule with the same target) has no way back.

    Raises:
        ValueError: a rule forgets a number of the key that it takes.
    """
    back: list[Rule] = []
    joined: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.operation == "join":
            parts = joined.setdefault(rule.targets[0], [])
            if all(part.slot != rule.slot for part in parts):
                parts.append(rule)
        elif rule.operation == "split":
            back += [
                Rule(key_pattern(target), (rule.source.text,), "join", slot, (rule.shares[slot],))
                for slot, target in enumerate(rule.targets)
            ]
        elif rule.operation != "alias":
            back.append(_back(rule))
    back += [_split_again(target, parts) for target, parts in joined.items()]
    return tuple(sorted(back, key=lambda rule: -rule.source.literal))


def _back(rule: Rule) -> Rule:
    target, source = rule.targets[0], rule.source.text
    if not letters(source) <= letters(target):
        raise ValueError(f"“{target}” has no way back to “{source}”")
    back, inner = _BACK.get(rule.operation, rule.operation), inverse(rule.inner)
    return Rule(key_pattern(target), (source,), back, shape=rule.shape, inner=inner)


def _split_again(target: str, parts: Sequence[Rule]) -> Rule:
    ordered = sorted(parts, key=lambda rule: rule.slot)
    return Rule(
        key_pattern(target),
        tuple(rule.source.text for rule in ordered),
        "split",
        shares=tuple(share for rule in ordered for share in rule.shares),
    )


def apply_rules(rules: Sequence[Rule], tensors: Mapping[str, Expr]) -> dict[str, Expr]:
    """Return the tensors under their new names; a name that no rule takes stays as it is.

    A tensor that a rule takes but whose shape does not allow the operation keeps its old name, so
    that it is reported as unexpected rather than lost.
    """
    result: dict[str, Expr] = {}
    joins: dict[str, dict[int, Expr]] = {}
    aliases: dict[str, Expr] = {}
    for name, expr in tensors.items():
        rule, names = _first(rules, name)
        if rule is None:
            result[name] = expr
        elif rule.operation == "join":
            joins.setdefault(names[0], {})[rule.slot] = expr
        elif rule.operation == "alias":
            aliases[names[0]] = expr
        else:
            result.update(_operate(rule, name, names, expr))
    result.update(_join(joins))
    return {**aliases, **result}


def _first(rules: Sequence[Rule], name: str) -> tuple[Rule | None, tuple[str, ...]]:
    for rule in rules:
        names = rule.match(name)
        if names is not None:
            return rule, names
    return None, ()


def _operate(rule: Rule, name: str, names: tuple[str, ...], expr: Expr) -> dict[str, Expr]:
    try:
        return dict(zip(names, _made(rule, expr), strict=True))
    except ValueError:
        return {name: expr}


def _made(rule: Rule, expr: Expr) -> list[Expr]:
    match rule.operation:
        case "transpose":
            return [transpose(expr)]
        case "swap":
            return [swap_halves(expr)]
        case "split":
            return _split(expr, rule.shares)
        case "conv" | "matrix" | "reshape":
            return [reshape(expr, _new_shape(rule, expr.shape))]
        case _:
            return [expr]


def _new_shape(rule: Rule, shape: tuple[int, ...]) -> tuple[int, ...]:
    match rule.operation:
        case "conv" if len(shape) == 2:  # noqa: PLR2004 - a matrix has two dimensions
            return (*shape, 1, 1)
        case "matrix" if shape[2:] and set(shape[2:]) == {1}:
            return shape[:2]
        case "reshape":
            return tuple(size or prod(shape) for size in rule.shape)
        case _:
            return shape


def _split(expr: Expr, shares: Sequence[int]) -> list[Expr]:
    if not expr.shape or expr.shape[0] % sum(shares):
        raise ValueError("the rows cannot be divided in these shares")
    step = expr.shape[0] // sum(shares)
    ends = [step * share for share in accumulate(shares, initial=0)]
    return [rows(expr, start, stop) for start, stop in pairwise(ends)]


def _join(joins: Mapping[str, Mapping[int, Expr]]) -> dict[str, Expr]:
    result: dict[str, Expr] = {}
    for name, parts in joins.items():
        ordered = [parts[slot] for slot in sorted(parts)]
        try:
            result[name] = concat(tuple(ordered))
        except ValueError:
            result.update({f"{name}#{slot}": part for slot, part in parts.items()})
    return result
