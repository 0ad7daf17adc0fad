"""Shapes of block weights that people use, made for any number of blocks."""

from collections.abc import Callable, Mapping
from math import cos, pi

from ckpt_studio.core.merging.partitions import Partition
from ckpt_studio.core.merging.weights_text import Preset

_STACK_NAMES: Mapping[str, str] = {"IN": "Only IN", "M": "Only middle", "OUT": "Only OUT"}

_SHAPES: tuple[tuple[str, Callable[[float], float]], ...] = (
    ("Flat 0", lambda _: 0.0),
    ("Flat 0.25", lambda _: 0.25),
    ("Flat 0.5", lambda _: 0.5),
    ("Flat 0.75", lambda _: 0.75),
    ("Flat 1", lambda _: 1.0),
    ("GRAD_V", lambda t: abs(2 * t - 1)),
    ("GRAD_A", lambda t: 1 - abs(2 * t - 1)),
    ("Ramp up", lambda t: t),
    ("Ramp down", lambda t: 1 - t),
    ("COSINE", lambda t: (1 + cos(2 * pi * t)) / 2),
    ("REVERSE_COSINE", lambda t: (1 - cos(2 * pi * t)) / 2),
    ("S-curve up", lambda t: (1 - cos(pi * t)) / 2),
    ("S-curve down", lambda t: (1 + cos(pi * t)) / 2),
    ("WRAP", lambda t: float(abs(2 * t - 1) > 2 / 3)),
    ("MID", lambda t: float(abs(2 * t - 1) <= 1 / 3)),
)
"""Name and value at a place in the model, from 0 at its first to 1 at its last block."""


def presets(partition: Partition, outside: float = 0.0) -> tuple[Preset, ...]:
    """Return the presets for a partition; blocks outside of the diffusion model become ``outside``.

    GRAD_V, GRAD_A, COSINE and the flat ones are those of bbc-mc's extension; “Only …” is 1 in one
    stack of blocks and 0 elsewhere.
    """
    inner = [index for index in range(len(partition.blocks)) if index not in partition.outside]
    last = max(len(inner) - 1, 1)

    def made(value: Callable[[int, int], float]) -> tuple[float, ...]:
        found = [outside] * len(partition.blocks)
        for place, index in enumerate(inner):
            found[index] = round(value(place, index), 6)
        return tuple(found)

    shapes = [
        Preset(name, made(lambda place, _, shape=shape: shape(place / last)))  # type: ignore[misc]
        for name, shape in _SHAPES
    ]
    stacks = [
        Preset(
            _STACK_NAMES.get(letters, f"Only {letters}"),
            made(lambda _, index, held=held: float(index in held)),  # type: ignore[misc]
        )
        for letters, held in partition.stacks.items()
    ]
    return (*shapes, *(stacks if len(stacks) > 1 else ()))
