"""Expressions with the tensors that they read replaced."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ckpt_studio.core.expr import (
    AddAdapter,
    Blend,
    Cast,
    Concat,
    Constant,
    Expr,
    Factor,
    Read,
    Reshape,
    Rows,
    Transpose,
    Zeros,
    cast,
    concat,
    reshape,
    rows,
    transpose,
)
from ckpt_studio.core.tensors import DType

Leaf = Callable[[Read], Expr]
Change = Callable[[Blend], Blend]


def with_source(expr: Expr, source: int) -> Expr:
    """Return an expression over source 0 as one over another source."""
    return mapped(expr, lambda leaf: Read(source, leaf.tensor))


def blends_of(expr: Expr) -> Iterator[Blend]:
    """Yield every blend in an expression, the outer one first."""
    return (each for each in every_part_of(expr) if isinstance(each, Blend))


def every_part_of(expr: Expr) -> Iterator[Expr]:
    """Yield an expression and all that it is made of, the outer ones first."""
    yield expr
    for part in parts_of(expr):
        yield from every_part_of(part)


def parts_of(expr: Expr) -> tuple[Expr, ...]:
    """Return the expressions that an expression is made of."""
    match expr:
        case Read() | Constant() | Zeros():
            return ()
        case Concat(parts):
            return parts
        case Blend(_, inputs):
            return inputs
        case AddAdapter(of, adapter):
            return (of, *(part for _, part in adapter.tensors))
        case _:
            return (expr.of,)


def mapped(expr: Expr, leaf: Leaf = lambda leaf: leaf, blend: Change = lambda blend: blend) -> Expr:
    """Return an expression with each tensor that it reads replaced by one of the same shape.

    ``blend`` changes each blend after its inputs.
    """
    match expr:
        case Read():
            return leaf(expr)
        case Constant() | Zeros():
            return expr
        case Concat(parts):
            return joined([mapped(part, leaf, blend) for part in parts])
        case Blend(_, inputs):
            return blend(replace(expr, inputs=tuple(mapped(part, leaf, blend) for part in inputs)))
        case AddAdapter(of, adapter):
            factors = tuple((role, mapped(part, leaf, blend)) for role, part in adapter.tensors)
            return AddAdapter(mapped(of, leaf, blend), replace(adapter, tensors=factors))
        case _:
            return _mapped_change(expr, mapped(expr.of, leaf, blend))


def _mapped_change(expr: Rows | Reshape | Transpose | Cast | Factor, of: Expr) -> Expr:
    match expr:
        case Rows(_, start, stop):
            return narrowed(of, start, stop)
        case Reshape(_, shape):
            return reshape(of, shape)
        case Transpose():
            return transpose(of)
        case Cast(_, dtype):
            return cast(of, dtype)
        case Factor():
            return replace(expr, of=of)


def narrowed(expr: Expr, start: int, stop: int) -> Expr:
    """Return some rows; rows of a blend are a blend of the rows of its inputs."""
    if isinstance(expr, Blend) and (start, stop) != (0, expr.shape[0]):
        return replace(expr, inputs=tuple(narrowed(each, start, stop) for each in expr.inputs))
    if isinstance(expr, Cast):
        return cast(narrowed(expr.of, start, stop), expr.dtype)
    return rows(expr, start, stop)


def joined(pieces: list[Expr]) -> Expr:
    """Return pieces one after another; where their types differ all are widened to fp32."""
    if len({piece.dtype for piece in pieces}) > 1:
        pieces = [cast(piece, DType.F32) for piece in pieces]
    return concat(tuple(pieces))
