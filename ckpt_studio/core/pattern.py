"""Regular expressions that a person types, kept from those that could run for minutes.

Python's matcher tries every way to divide a text among the repeats of a pattern and cannot be
interrupted. Refused are the constructions with exponentially many ways (a repeat around repeats or
alternatives, references back) and many open-ended repeats of anything but digits.
"""

import re
import warnings
from dataclasses import dataclass, field

_LEADING = re.compile(r"^(?:\.\*)+")
_QUANTIFIER = re.compile(r"[*+?][?+]?|\{\d*,?\d*\}[?+]?")
_MANY = 8
_LONGEST = 300


@dataclass(slots=True)
class _Group:
    """What an open parenthesis holds so far."""

    varied: bool = False


@dataclass(slots=True)
class _Scan:
    """How a pattern repeats things: found while reading it once from left to right."""

    most_wide: int
    groups: list[_Group] = field(default_factory=lambda: [_Group()])
    wide: int = 0
    after_wide: bool = False


def search_pattern(pattern: str) -> re.Pattern[str]:
    """Return a pattern for looking whether lower-case texts have it; see ``compile_pattern``.

    A leading ``.*`` is left out: a search finds the same without it, in a fraction of the time.
    """
    compile_pattern(pattern)
    flags = re.NOFLAG if pattern == pattern.lower() else re.IGNORECASE
    return _compiled(_LEADING.sub("", pattern), flags)


def compile_pattern(pattern: str, *, most_wide: int = 3) -> re.Pattern[str]:
    """Return a pattern that ignores case, with at most ``most_wide`` open-ended repeats.

    Raises:
        ValueError: one sentence, when it is wrong or could take too long.
    """
    try:
        compiled = _compiled(pattern, re.IGNORECASE)
    except re.error as error:
        where = "" if error.pos is None else f" at character {error.pos + 1}"
        raise ValueError(f"{_capitalised(error.msg)}{where}.") from error
    except (OverflowError, RecursionError) as error:
        raise ValueError("This pattern is too large.") from error
    if len(pattern) > _LONGEST:
        raise ValueError(f"A pattern may have {_LONGEST} characters.")
    try:
        _refuse_slow(pattern, most_wide)
    except IndexError as error:  # a comment or the verbose form, which are read differently
        raise ValueError("This form of pattern is not supported here.") from error
    return compiled


def _compiled(pattern: str, flags: re.RegexFlag) -> re.Pattern[str]:
    """Compile without the warnings about the future of Python, which help no user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern, flags)


def _capitalised(message: str) -> str:
    return message[:1].upper() + message[1:]


def _refuse_slow(pattern: str, most_wide: int) -> None:
    scan = _Scan(most_wide)
    position = 0
    while position < len(pattern):
        end, closed = _atom(pattern, position, scan)
        quantifier = _QUANTIFIER.match(pattern, end)
        if quantifier and end > position:
            _repeat(scan, pattern[position:end], quantifier[0], closed)
            end = quantifier.end()
        elif pattern[position:end] not in {"(", "|"}:
            scan.after_wide = False
        position = end


def _atom(pattern: str, start: int, scan: _Scan) -> tuple[int, _Group | None]:
    """Step over one unit; return where it ends and, at its parenthesis, the group it closes."""
    match pattern[start]:
        case "\\":
            if pattern[start + 1].isdigit() and pattern[start + 1] != "0":
                raise ValueError("References back to a group are not supported here.")
            return start + 2, None
        case "[":
            return _class_end(pattern, start), None
        case "(":
            return _open(pattern, start, scan), None
        case ")":
            closed = scan.groups.pop()
            scan.groups[-1].varied |= closed.varied
            return start + 1, closed
        case "|":
            scan.groups[-1].varied = True
    return start + 1, None


def _open(pattern: str, start: int, scan: _Scan) -> int:
    if pattern.startswith(("(?P=", "(?("), start):
        raise ValueError("References back to a group are not supported here.")
    scan.groups.append(_Group())
    if not pattern.startswith("(?", start):
        return start + 1
    head = re.compile(r"\(\?(?:P<\w+>|<[=!]|[a-zA-Z-]*:|[a-zA-Z-]+(?=\))|[=!>#])").match(
        pattern, start
    )
    return head.end() if head else start + 2


def _class_end(pattern: str, start: int) -> int:
    position = start + 1
    if pattern.startswith("^", position):
        position += 1
    if pattern.startswith("]", position):
        position += 1
    while pattern[position] != "]":
        position += 2 if pattern[position] == "\\" else 1
    return position + 1


def _repeat(scan: _Scan, atom: str, quantifier: str, closed: _Group | None) -> None:
    most = _most(quantifier)
    if closed is not None and closed.varied and most > 1:
        raise ValueError("A repeated group may not hold repeats or alternatives: it could hang.")
    scan.groups[-1].varied = True
    if most < _MANY or atom in {r"\d", "[0-9]"}:
        return
    scan.wide += 1
    if scan.wide > scan.most_wide or scan.after_wide:
        raise ValueError("This pattern repeats too much and could hang.")
    scan.after_wide = True


def _most(quantifier: str) -> int:
    """How often a quantifier repeats at most; a large number for no limit."""
    if quantifier[0] == "?":
        return 1
    if quantifier[0] in "*+":
        return _MANY
    upper = quantifier[1 : quantifier.index("}")].rpartition(",")[2]
    return int(upper) if upper else _MANY
