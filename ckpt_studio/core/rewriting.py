"""Expressions with the tensors that they read replaced."""

from collections.abc import Callable
from dataclasses import replace

from ckpt_studio.core.expr import (
    AddAdapter,
    Blend,
    Cast,
    Computed,
    Concat,
    Constant,
    Expr,
    Read,
    Reshape,
    Rows,
    Transpose,
    cast,
    concat,
    reshape,
    rows,
    transpose,
)
from ckpt_studio.core.tensors import DType

Leaf = Callable[[Read], Expr]


def with_source(expr: Expr, source: int) -> Expr:
    """Return an expression over source 0 as one over another source."""
    return mapped(expr, lambda leaf: Read(source, leaf.tensor))


def mapped(expr: Expr, leaf: Leaf) -> Expr:
    """Return an expression with each tensor that it reads replaced by one of the same shape."""
    match expr:
        case Read():
            return leaf(expr)
        case Constant():
            return expr
        case Concat(parts):
            return joined([mapped(part, leaf) for part in parts])
        case Blend() | AddAdapter():
            return _mapped_computed(expr, leaf)
        case _:
            return _mapped_change(expr, leaf)


def _mapped_change(expr: Rows | Reshape | Transpose | Cast, leaf: Leaf) -> Expr:
    of = mapped(expr.of, leaf)
    match expr:
        case Rows(_, start, stop):
            return narrowed(of, start, stop)
        case Reshape(_, shape):
            return reshape(of, shape)
        case Transpose():
            return transpose(of)
        case Cast(_, dtype):
            return cast(of, dtype)


def _mapped_computed(expr: Computed, leaf: Leaf) -> Expr:
    if isinstance(expr, Blend):
        return replace(expr, inputs=tuple(mapped(part, leaf) for part in expr.inputs))
    factors = tuple((role, mapped(part, leaf)) for role, part in expr.adapter.tensors)
    return AddAdapter(mapped(expr.of, leaf), replace(expr.adapter, tensors=factors))


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
