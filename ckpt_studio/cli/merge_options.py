"""The options of ``merge``, and how their values are read."""

import math
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import NamedTuple

from ckpt_studio.cli import options
from ckpt_studio.core.merging.methods import METHODS
from ckpt_studio.core.recipe import LoraUse, NameRule

_SYNONYMS = {"model": "unet", "t5": "t5xxl"}
_PARAMETERS = ("alpha", "beta", "gamma")


class PartOption(NamedTuple):
    """What ``--part`` says of a part: a word (merge, a, b, …) or a value of alpha."""

    part: str
    choice: str
    value: float | None


def add_inputs(parser: ArgumentParser) -> None:
    """Add the models and the method."""
    parser.add_argument(
        "models", type=options.path, nargs="*", metavar="MODEL", help="A, B, C, … in order"
    )
    parser.add_argument(
        "--method",
        choices=[spec.id for spec in METHODS],
        default="weighted_sum",
        metavar="M",
        help="how to compute (default weighted_sum); --methods lists them",
    )
    parser.add_argument(
        "--methods", action="store_true", help="list the methods with their formulas and parameters"
    )
    parser.add_argument(
        "--list-blocks",
        action="store_true",
        help="list the blocks of the first model in the order of --blocks, and write nothing",
    )


def add_values(parser: ArgumentParser) -> None:
    """Add the parameters of methods and where they are different."""
    group = parser.add_argument_group("values")
    group.add_argument(
        "--alpha",
        type=_several,
        metavar="X[,X…]",
        help="how much of B; several values give several files, read once",
    )
    for name in _PARAMETERS[1:]:
        group.add_argument(
            f"--{name}", type=number, metavar="X", help=f"{name} of methods that have it"
        )
    group.add_argument(
        "--param",
        type=_assignment,
        action="append",
        default=[],
        metavar="NAME=X",
        help="any other parameter of the method (repeatable)",
    )
    group.add_argument(
        "--blocks",
        action="append",
        default=[],
        metavar="[NAME=]X,X,…",
        help="one value of alpha (or of NAME) for each block, as SuperMerger writes them",
    )
    group.add_argument(
        "--partition", default="", metavar="ID", help="which division into blocks (default: usual)"
    )
    group.add_argument(
        "--part",
        type=_part,
        action="append",
        default=[],
        metavar="PART=WHAT",
        help="merge a part, take it from a model (a, b, …), or its own alpha: vae=b, te=0.2",
    )
    group.add_argument(
        "--rule",
        type=_rule,
        action="append",
        default=[],
        metavar="PATTERN:[NAME=]X",
        help="another value for tensors whose names match, such as attn2:0.7 (repeatable)",
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="of methods that draw lots")


def add_more(parser: ArgumentParser) -> None:
    """Add what else is done in the same pass."""
    group = parser.add_argument_group("in the same pass")
    group.add_argument(
        "--lora",
        type=lora,
        action="append",
        default=[],
        metavar="FILE[:STRENGTH[:TE]]",
        help="bake in a LoRA; TE is the strength for text encoders (repeatable)",
    )
    group.add_argument(
        "--lora-blocks",
        action="append",
        default=[],
        metavar="X,X,…",
        help="a factor for each block, for the LoRA of the same place in the line; “” for all of "
        "it (repeatable)",
    )
    group.add_argument("--vae", type=options.path, metavar="FILE", help="put this VAE in")
    group.add_argument(
        "--adjust",
        type=_several,
        default=(),
        metavar="IN,OUT,OUT2,CONT,BRI,C1,C2,C3",
        help="change the look: detail, noise, contrast, brightness, colours (SD 1, 2, XL)",
    )
    group.add_argument(
        "--prune", action="store_true", help="leave out what training left behind, such as EMA"
    )


def lora(text: str) -> LoraUse:
    """Read ``FILE``, ``FILE:0.8`` or ``FILE:0.8:0.5``; a name may hold colons itself."""
    name = text
    numbers: list[float | None] = []
    while len(numbers) < 2:  # noqa: PLR2004 - strength and the one of text encoders
        rest, colon, last = name.rpartition(":")
        if not colon or (value := _real(last)) is None:
            break
        name, numbers = rest, [value, *numbers]
    if not name:
        raise ArgumentTypeError("no name is given")
    strength, te_strength = (*numbers, None, None)[:2]
    return LoraUse(Path(name), 1.0 if strength is None else strength, te_strength)


def _real(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def number(text: str) -> float:
    """Read a finite number.

    Raises:
        ArgumentTypeError: it is none.
    """
    value = _real(text)
    if value is None:
        raise ArgumentTypeError(f"‘{text}’ is no number")
    return value


def _several(text: str) -> tuple[float, ...]:
    return tuple(number(word) for word in text.split(","))


def _assignment(text: str) -> tuple[str, float]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ArgumentTypeError(f"‘{text}’: say NAME=X")
    return name.strip(), number(value)


def _part(text: str) -> PartOption:
    part, sign, what = (word.strip().lower() for word in text.partition("="))
    if not sign or not what:
        raise ArgumentTypeError(f"‘{text}’: say PART=merge, PART=a or PART=0.3")
    return PartOption(_SYNONYMS.get(part, part), what, _real(what))


def _rule(text: str) -> NameRule:
    pattern, colon, value = text.rpartition(":")
    if not colon or not pattern:
        raise ArgumentTypeError(f"‘{text}’: say PATTERN:X, such as attn2:0.7")
    name, sign, word = value.rpartition("=")
    return NameRule(pattern, {name.strip() if sign else "alpha": number(word)})
