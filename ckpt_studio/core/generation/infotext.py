"""The text that A1111, Forge and many others write: prompts, then one line of parameters."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ckpt_studio.core.generation.info import GenerationInfo, Parameters, Said
from ckpt_studio.core.generation.values import storable

_NEGATIVE = "Negative prompt:"
_NAME = re.compile(r"\s*(\w[\w \-/]{0,80}):[ \t]*")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"')
_FEWEST = 3
_MOST = 1000
_LONGEST = 1 << 18
"""Pairs, lines of pairs, and characters of such a line; real ones have some dozens."""

_JOINED = re.compile(r"[.,]?\s{0,3}(?=Negative prompt: )|[.,]\s{0,3}(?=Steps: \d)")
_STEPS = re.compile(r"Steps: (?:\d|,|$)")
_SPECIAL = re.compile(r'[,:\n"]')
_AFTER = ("Template:", "Negative Template:")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Infotext:
    """Prompts and parameters; ``complete`` when there is a line of parameters."""

    positive: str
    negative: str
    parameters: Parameters
    complete: bool


def parse_infotext(text: str) -> Infotext:
    """Return what a text says; any text is at least a prompt (``ux.md`` 5.3)."""
    lines = _lines(text)
    at = _parameter_line(lines)
    prompts = lines[:at] if at is not None else lines
    rows = tuple(_rows(lines[at:])) if at is not None else ()
    positive: list[str] = []
    negative: list[str] = []
    into = positive
    for line in prompts:
        if line.startswith(_NEGATIVE):
            into = negative
            line = line.removeprefix(_NEGATIVE).lstrip()  # noqa: PLW2901 - the rest of the line
        into.append(line)
    return Infotext("\n".join(positive).strip(), "\n".join(negative).strip(), rows, bool(rows))


def said(text: str) -> Said:
    """Return a text of A1111 and its relatives with the program that wrote it."""
    found = parse_infotext(text)
    program = _program(dict(found.parameters))
    return Said(program, found.positive, found.negative, found.parameters, infotext=storable(text))


def kept(said: Said) -> str:
    """Return what was said as a text of A1111: to the letter where there is such a text.

    Where ComfyUI would miss an empty prompt, only that is added; a text without a line of its
    own for the steps is written anew.
    """
    text = said.infotext
    steps = text.rfind("\nSteps: ")
    if not text or (said.parameters and steps < 0):
        return as_infotext(said)
    if not said.parameters or f"\n{_NEGATIVE}" in text:
        return text
    if text.startswith(_NEGATIVE):
        return f"\n{text}"
    return f"{text[:steps]}\n{_NEGATIVE} {text[steps:]}"


def as_infotext(info: GenerationInfo | Said) -> str:
    r"""Return prompts and parameters in the form that ComfyUI builds a graph from.

    It looks for ``\nNegative prompt:`` and ``\nSteps:``, so both are there even when there is
    nothing to say (``ux.md`` 5.3).
    """
    rows = dict(info.parameters)
    steps = rows.pop("Steps", "")
    values = ", ".join((f"Steps: {steps}", *(f"{name}: {_value(rows[name])}" for name in rows)))
    return f"{info.positive}\n{_NEGATIVE} {info.negative}\n{values}"


def _lines(text: str) -> list[str]:
    """Split the text; Civitai once joined everything on one line."""
    text = text.replace("\r\n", "\n").strip()
    if "\n" not in text and len(text) <= _LONGEST:
        text = _JOINED.sub("\n", text)
    return text.split("\n")


def _parameter_line(lines: Sequence[str]) -> int | None:
    """Return which line begins the parameters: the last that does, before lines of templates."""
    for index in range(len(lines) - 1, -1, -1):
        if _STEPS.match(lines[index]):
            return index
    templates = (at for at, line in enumerate(lines) if at and line.startswith(_AFTER))
    last = next(templates, len(lines)) - 1
    enough = len(list(_rows([lines[last]]))) >= _FEWEST
    return last if enough and not lines[last].startswith(_NEGATIVE) else None


def _rows(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from islice(_pairs(lines[0][:_LONGEST]), _MOST)
    yield from _rows_after(lines[1:_MOST])


def _rows_after(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Return what stands below the parameters; a template goes on to the next one or the end."""
    templates: list[list[str]] = []
    for line in lines:
        if line.startswith(_AFTER):
            templates.append([line])
        elif templates:
            templates[-1].append(line)
        elif (name := _NAME.match(line)) and line[name.end() :].strip():
            yield name[1].strip(), line[name.end() :].strip()
    for template in templates:
        title, _, value = "\n".join(template).partition(":")
        if value.strip():
            yield title, value.strip()


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    """Return names and values; a value may be quoted or JSON and then holds commas."""
    at = 0
    while at < len(line):
        name = _NAME.match(line, at)
        end = name.end() if name else at
        value, end = _next_value(line, end) if name else ("", _comma(line, end))
        if name and value:
            yield name[1].strip(), value
        at = end + 1


def _next_value(line: str, at: int) -> tuple[str, int]:
    """Return the value at a place, and where the comma after it is."""
    first = line[at : at + 1]
    if first == '"' and (quoted := _QUOTED.match(line, at)):
        return _unquoted(quoted[0]), _comma(line, quoted.end())
    if first in {"{", "["}:
        try:
            _, end = _DECODER.raw_decode(line, at)
        except (ValueError, RecursionError):
            end = _comma(line, at)
        return line[at:end].strip(), _comma(line, end)
    end = _comma(line, at)
    return line[at:end].strip(), end


def _comma(line: str, at: int) -> int:
    found = line.find(",", at)
    return len(line) if found < 0 else found


def _unquoted(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return str(value)


def _value(text: str) -> str:
    if not _SPECIAL.search(text) or text[:1] in {"{", "["}:
        return text
    return json.dumps(text, ensure_ascii=False)


def _program(rows: dict[str, str]) -> str:
    version = rows.get("Version", "")
    if rows.get("App"):
        return rows["App"][:60]
    if "ComfyUI" in version:
        return "ComfyUI"
    if version[:1] in {"f", "F"} or version.startswith("neo"):
        return "Forge"
    return "Civitai" if any(name.startswith("Civitai") for name in rows) else "A1111"
