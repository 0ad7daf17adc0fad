"""Rename the tensors of a part from one spelling to another.

The rules are data (``resources/components/_forms.toml`` says how they read); applying them gives,
for each name of the new spelling, the expression over the old tensors that makes it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ckpt_studio.core.expr import Expr, concat, rows, swap_halves, transpose

_HOLE = re.compile(r"\{([^{}]+)\}")
_DIGITS, _WORD = r"\d+", r"[^.]+"
_TERM = re.compile(r"([+-]?)(?:(\d+)\*)?([a-z]|\d+)")
_OPERATIONS = ("transpose", "split", "join", "swap", "alias")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a form: which keys it takes, what happens to them, and their new names."""

    source: re.Pattern[str]
    targets: tuple[str, ...]
    operation: str = ""
    slot: int = 0
    inner: tuple["Rule", ...] = ()

    def match(self, name: str) -> tuple[str, ...] | None:
        """Return the new names of a key, None when the rule does not take it."""
        found = self.source.match(name)
        if found is None:
            return None
        holes = found.groupdict()
        rest = rename_head(self.inner, name[found.end() :])
        return tuple(fill(target, holes) + rest for target in self.targets)


def fill(target: str, holes: Mapping[str, str]) -> str:
    """Put numbers into ``"output_blocks.{3*i+j}.0."``, and words into ``"{s}.attn."``."""
    return _HOLE.sub(lambda hole: _filled(hole[1], holes), target)


def _filled(text: str, holes: Mapping[str, str]) -> str:
    if text in holes:
        return holes[text]
    return str(_evaluate(text, holes))


def _evaluate(text: str, holes: Mapping[str, str]) -> int:
    total = 0
    for sign, factor, term in _TERM.findall(text):
        value = int(factor or 1) * int(term if term.isdigit() else holes[term])
        total += -value if sign == "-" else value
    return total


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
    operation, _, slot = second.partition(" ")
    if more and operation in _OPERATIONS:
        return Rule(_pattern(source), tuple(more), operation, int(slot or 0))
    inner = parse_rules(tables[more[0]], tables) if more else ()
    return Rule(_pattern(source), (second,), inner=inner)


def _pattern(source: str) -> re.Pattern[str]:
    pieces = _HOLE.split(source)
    text = "".join(
        re.escape(piece)
        if index % 2 == 0
        else rf"(?P<{piece}>{_WORD if piece == 's' else _DIGITS})"
        for index, piece in enumerate(pieces)
    )
    return re.compile(text if source.endswith(".") or not source else text + "$")


def inverse(lines: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """Return the lines that lead back. Only for lines without arithmetic and inner tables."""
    back: list[Sequence[str]] = []
    for source, second, *more in lines:
        operation, _, _ = second.partition(" ")
        if not more:
            back.append((second, source))
        elif operation == "transpose":
            back.append((more[0], "transpose", source))
        elif operation == "split":
            back += [(part, f"join {slot}", source) for slot, part in enumerate(more)]
        else:
            raise ValueError(f"“{second}” has no way back")
    return back


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
            result.update(_operate(rule.operation, name, names, expr))
    result.update(_join(joins))
    return {**aliases, **result}


def _first(rules: Sequence[Rule], name: str) -> tuple[Rule | None, tuple[str, ...]]:
    for rule in rules:
        names = rule.match(name)
        if names is not None:
            return rule, names
    return None, ()


def _operate(operation: str, name: str, names: tuple[str, ...], expr: Expr) -> dict[str, Expr]:
    try:
        return dict(zip(names, _OPERATE[operation](expr, len(names)), strict=True))
    except ValueError:
        return {name: expr}


def _split(expr: Expr, count: int) -> list[Expr]:
    if not expr.shape or expr.shape[0] % count:
        raise ValueError("rows cannot be split evenly")
    step = expr.shape[0] // count
    return [rows(expr, part * step, (part + 1) * step) for part in range(count)]


_OPERATE: Mapping[str, Callable[[Expr, int], list[Expr]]] = {
    "": lambda expr, _: [expr],
    "transpose": lambda expr, _: [transpose(expr)],
    "swap": lambda expr, _: [swap_halves(expr)],
    "split": _split,
}


def _join(joins: Mapping[str, Mapping[int, Expr]]) -> dict[str, Expr]:
    result: dict[str, Expr] = {}
    for name, parts in joins.items():
        ordered = [parts[slot] for slot in sorted(parts)]
        try:
            result[name] = concat(tuple(ordered))
        except ValueError:
            result.update({f"{name}#{slot}": part for slot, part in parts.items()})
    return result
