"""Block weights as text, as SuperMerger, bbc-mc and others write them (``merging.md`` 1a)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.merging.partitions import Partition

_SD1 = 25
"""Values of a preset for SD 1 and 2 without BASE: 12 IN, M, 12 OUT."""
_SDXL = 19
"""Blocks of the UNet of SDXL: 9 IN, M, 9 OUT."""
_MOST_SHOWN = 20
"""Characters of a wrong value that a message repeats."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Values with a name, as a line of a presets file has them."""

    name: str
    values: tuple[float, ...]


def parse_weights(text: str, partition: Partition, outside: float = 0.0) -> tuple[float, ...]:
    """Return one value for each block of a partition.

    The text may leave out BASE and other blocks that are outside of the diffusion model, or give
    numbered blocks alone; the others become ``outside``. 25 or 26 values of SD 1 fit SDXL without
    the blocks that it does not have. A name and a tab may stand before the values.

    Raises:
        PlanError: a value is not a number, or their count fits no such reading.
    """
    values = _numbers(text.rpartition("\t")[2])
    return fit_weights(values, partition, outside)


def fit_weights(
    values: tuple[float, ...], partition: Partition, outside: float = 0.0
) -> tuple[float, ...]:
    """Return values for all blocks of a partition from a preset that may be written for another.

    Raises:
        PlanError: their count fits no reading.
    """
    count = len(partition.blocks)
    if len(values) == count:
        return values
    for held, own in _readings(values, partition):
        if len(held) == len(own):
            found = [outside] * count
            for index, value in zip(held, own, strict=True):
                found[index] = value
            return tuple(found)
    raise PlanError(
        f"There are {len(values)} values; {_expected(partition)}.",
        "Paste the values for this model, or choose another division into blocks.",
    )


def format_weights(values: Iterable[float]) -> str:
    """Return the values with commas between, as short as they can be read back."""
    return ",".join(repr(float(value)).removesuffix(".0") for value in values)


def parse_presets(text: str) -> tuple[Preset, ...]:
    """Return the presets of a file: lines ``NAME<TAB>v,v,…``; empty lines and a head are allowed.

    Raises:
        PlanError: a line has values that are not numbers, or there is no preset at all.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        name, tab, values = line.partition("\t")
        if not tab or not any(char.isdigit() for char in values):
            continue
        try:
            found.append(Preset(name.strip(), _numbers(values)))
        except PlanError as error:
            raise PlanError(f"Line {number}: {error.message}", error.hint) from error
    if not found:
        raise PlanError(
            "The file has no presets.", "A preset is a line with a name, a tab and values."
        )
    return tuple(found)


def _numbers(text: str) -> tuple[float, ...]:
    words = [word.strip() for word in text.replace(";", ",").strip().strip(",").split(",")]
    return tuple(_number(word) for word in words)


def _number(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    short = word if len(word) <= _MOST_SHOWN else word[:_MOST_SHOWN] + "…"
    raise PlanError(
        f"“{short}” is not a number.", "Block weights are numbers with commas between: 0,0.25,0.5."
    )


def _readings(
    values: tuple[float, ...], partition: Partition
) -> Iterable[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Yield indices of blocks and the values that would be theirs, the likeliest first."""
    every = tuple(range(len(partition.blocks)))
    inner = tuple(index for index in every if index not in partition.outside)
    numbered = tuple(index for indices in partition.stacks.values() for index in indices)
    yield inner, values
    yield tuple(sorted(numbered)), values
    if partition.blocks[-1] == "VAE":
        yield every[:-1], values
    if partition.blocks[0] == "BASE" and len(inner) == _SDXL:
        if len(values) == _SD1:
            yield inner, _for_sdxl(values)
        if len(values) == _SD1 + 1:
            yield (0, *inner), (values[0], *_for_sdxl(values[1:]))


def _for_sdxl(values: tuple[float, ...]) -> tuple[float, ...]:
    """Leave out IN09 to IN11 and OUT09 to OUT11, which SDXL does not have."""
    return values[:9] + values[12:22]


def _expected(partition: Partition) -> str:
    count, outside = len(partition.blocks), sorted(partition.outside)
    if not outside:
        return f"this model has {count} blocks"
    names = " and ".join(partition.blocks[index] for index in outside)
    return f"this model has {count} blocks, or {count - len(outside)} without {names}"
