"""A model as a table of parts with ComfyUI's names, and the way back to the tensors of a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ckpt_studio.core.expr import (
    Blend,
    Cast,
    Concat,
    Constant,
    Expr,
    Read,
    Reshape,
    Rows,
    Transpose,
    read,
    reads,
    reshape,
    transpose,
)
from ckpt_studio.core.recognise import UNET_PREFIXES
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.rewriting import joined, mapped, narrowed, with_source
from ckpt_studio.core.tensors import TensorInfo

Table = Mapping[str, Mapping[str, Expr]]
"""Part id to ComfyUI's key to how to get that tensor; part "" of a file nobody knows."""


def table_of(opened: Opened, source: int) -> dict[str, dict[str, Expr]]:
    """Return the parts of a file, read from that source of the plan.

    Of a file of an unknown family every tensor counts, without the usual prefix of its names.
    """
    found = opened.recognition.parts
    if not found or (len(found) == 1 and not found[0].tensors):
        tensors = opened.checkpoint.tensors
        prefix = _common_prefix(tuple(tensors))
        own: dict[str, Expr] = {
            name.removeprefix(prefix): read(source, each) for name, each in tensors.items()
        }
        return {"": own}
    return {
        part.part: {key: with_source(expr, source) for key, expr in part.tensors.items()}
        for part in found
    }


def _common_prefix(names: tuple[str, ...]) -> str:
    return next(
        (start for start in UNET_PREFIXES if start and all(n.startswith(start) for n in names)), ""
    )


@dataclass(frozen=True, slots=True)
class Share:
    """Some rows of a tensor of the first model, all where ``bounds`` is None, and their value."""

    name: str
    bounds: tuple[int, int] | None
    value: Expr


def led_back(own: Expr, value: Expr) -> list[Share] | None:
    """Return which tensors of a file have to become what, so that ``own`` becomes ``value``.

    ``own`` is how the first model's file gives a tensor, ``value`` another way to get one of its
    shape. None when there is no way back.
    """
    match own:
        case Read(_, tensor):
            return [Share(tensor.name, None, value)]
        case Constant():
            return []
        case Rows(Read(_, tensor), start, stop):
            return [Share(tensor.name, (start, stop), value)]
        case Concat(parts):
            return _parts_led_back(parts, value)
        case _:
            return _change_led_back(own, value)


def _change_led_back(own: Expr, value: Expr) -> list[Share] | None:
    match own:
        case Reshape(of):
            return led_back(of, reshape(value, of.shape))
        case Transpose(of):
            return led_back(of, transpose(value))
        case Cast(of):
            return led_back(of, value)
        case _:
            return None


def _parts_led_back(parts: tuple[Expr, ...], value: Expr) -> list[Share] | None:
    shares: list[Share] = []
    at = 0
    for part in parts:
        found = led_back(part, narrowed(value, at, at + part.shape[0]))
        if found is None:
            return None
        shares += found
        at += part.shape[0]
    return shares


def gathered(tensor: TensorInfo, shares: list[Share]) -> Expr | None:
    """Return a tensor put together from shares; None unless they fill all of its rows."""
    if len(shares) == 1 and shares[0].bounds is None:
        return shares[0].value if shares[0].value.shape == tensor.shape else None
    if any(share.bounds is None for share in shares):
        return None
    pieces: list[Expr] = []
    at = 0
    for share in sorted(shares, key=lambda each: each.bounds or (0, 0)):
        start, stop = share.bounds or (0, 0)
        if start != at or share.value.shape != (stop - start, *tensor.shape[1:]):
            return None
        pieces.append(share.value)
        at = stop
    return joined(pieces) if at == tensor.shape[0] else None


def replaced(expr: Expr, table: Mapping[str, Expr]) -> Expr:
    """Return an expression over the first model with tensors of that file replaced by others."""
    return mapped(expr, lambda leaf: leaf if leaf.source else table.get(leaf.tensor.name, leaf))


def owners(table: Table) -> dict[str, tuple[str, str]]:
    """Return for each tensor of a file the part and the key that it gives, the first of several."""
    found: dict[str, tuple[str, str]] = {}
    for part, key, expr in entries(table):
        for leaf in reads(expr):
            found.setdefault(leaf.tensor.name, (part, key))
    return found


def entries(table: Table) -> Iterator[tuple[str, str, Expr]]:
    """Yield part, key and expression of every tensor."""
    for part, tensors in table.items():
        for key, expr in tensors.items():
            yield part, key, expr


def counterparts(a: Table, other: Table, tensors: Mapping[str, TensorInfo]) -> dict[str, Expr]:
    """Return what another model has in the place of each tensor of the first model's file.

    Only where all of it is there, in the shape of A, or in one that differs in its input channels.
    """
    shares: dict[str, list[Share]] = {}
    for part, key, expr in entries(a):
        theirs = other.get(part, {}).get(key)
        if theirs is None:
            continue
        if theirs.shape != expr.shape:
            if isinstance(expr, Read) and channels_differ(key, expr.shape, theirs.shape):
                shares.setdefault(expr.tensor.name, []).append(
                    Share(expr.tensor.name, None, overlaid(expr, theirs))
                )
            continue
        for share in led_back(expr, theirs) or ():
            shares.setdefault(share.name, []).append(share)
    found = {name: gathered(tensors[name], each) for name, each in shares.items()}
    return {name: expr for name, expr in found.items() if expr is not None}


OVERLAY = "overlay"
"""A blend of two tensors: the first with its first input channels taken from the second."""

_INPUTS = (
    "input_blocks.0.0.weight",
    "img_in.weight",
    "x_embedder.proj.weight",
    "patch_embedding.weight",
)
"""Where pictures enter a model: the layers that inpainting models have with more channels."""


def channels_differ(key: str, ours: tuple[int, ...], theirs: tuple[int, ...]) -> bool:
    """Whether two shapes of an input layer differ in the number of channels alone (1a)."""
    return (
        key in _INPUTS
        and len(ours) == len(theirs) >= 2  # noqa: PLR2004 - rows and input channels
        and ours[0] == theirs[0]
        and ours[2:] == theirs[2:]
    )


def overlaid(base: Expr, top: Expr) -> Expr:
    """Return a weight with the input channels that another one has taken from that one.

    So an inpainting model keeps what it learnt of masks, and differences are zero there
    (``merging.md`` 1a: 9, 8 and 4 channels of SD, 384 and 64 of Flux).
    """
    return Blend(OVERLAY, (base, top))


def keys_of(opened: Opened) -> dict[str, tuple[str, ...]]:
    """Return ComfyUI's keys of each part of a file, those of an unknown model as its UNet's."""
    return {part or "unet": tuple(tensors) for part, tensors in table_of(opened, 0).items()}
