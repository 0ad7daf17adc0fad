"""Methods that choose by rows and columns (``merging.md`` 2.3)."""

import math
from collections.abc import Mapping, Sequence

import torch

from ckpt_studio.engine._torch.merging.linear import Tensors, Values
from ckpt_studio.engine._torch.merging.sums import column_products, quotient

_ROWS_AT_ONCE = 1 << 14
_ROUNDING = 1e-9  # 0.29·100 is a little less than 29
_CUT = 0.01


def tensor_sum(inputs: Tensors, values: Values) -> torch.Tensor:
    """Rows ⌊β·n⌋ to ⌊(α + β)·n⌋ of B, the others of A; beyond the end they go on at the start.

    Rows are those of dimension 0, rounded down as SuperMerger does; a scalar is one row.
    """
    a, b = inputs[0].reshape(-1) if not inputs[0].dim() else inputs[0], inputs[1]
    b = b.reshape(a.shape)
    alpha, beta = values["alpha"], values["beta"]
    start = _row(beta, a.shape[0])
    if alpha + beta <= 1 + _ROUNDING:
        stop = _row(alpha + beta, a.shape[0])
        a[start:stop] = b[start:stop]
    else:
        stop = _row(alpha + beta - 1, a.shape[0])
        a[:stop] = b[:stop]
        a[start:] = b[start:]
    return a.reshape(inputs[0].shape)


def _row(share: float, count: int) -> int:
    return math.floor(share * count + _ROUNDING)


def extract(inputs: Tensors, values: Values) -> torch.Tensor:
    """C + lerp(a, b, α)·lerp(d, 1 − d, β), a = A − C, b = B − C, d = ((cos(a, b) + 1) / 2)^γ.

    SuperMerger's formula with the ancestor last (it calls it A). The cosine is that of each row of
    the last dimension, 0 where a row did not change.
    """
    width = inputs[0].shape[-1] if inputs[0].dim() else 1
    a, b, c = (tensor.reshape(-1, width) if width else tensor for tensor in inputs)
    step = max(1, _ROWS_AT_ONCE // max(1, width))
    for first in range(0, a.shape[0] if width else 0, step):
        part = slice(first, first + step)
        learned_a, learned_b = a[part] - c[part], b[part] - c[part]
        alike = ((_row_cosines(learned_a, learned_b) + 1) / 2) ** values["gamma"]
        kept = alike + values["beta"] * (1 - 2 * alike)
        learned_a.lerp_(learned_b, values["alpha"]).mul_(kept.float().unsqueeze(1))
        torch.add(c[part], learned_a, out=a[part])
    return a.reshape(inputs[0].shape)


def _row_cosines(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    a, b = a.double(), b.double()
    norms = (a * a).sum(1).sqrt_() * (b * b).sum(1).sqrt_()
    return quotient((a * b).sum(1), norms).clamp_(-1.0, 1.0)


def column_cosines(method: str, inputs: Tensors) -> torch.Tensor:
    """Return the cosine of each column of A and B (over dimension 0), fp64, NaN for empty columns.

    For Cosine B it is the mean with the cosine of the whole tensors.
    """
    columns, whole = _cosines(method, inputs)
    return columns if method == "cosine_a" else (columns + whole) / 2


def _cosines(method: str, inputs: Tensors) -> tuple[torch.Tensor, float]:
    """Return the cosine of each column, and of the tensors: for Cosine A with columns of norm 1."""
    a, b = (_matrix(tensor) for tensor in inputs)
    dot, squares_a, squares_b = column_products(a, b)
    columns = dot / (squares_a * squares_b).sqrt_()
    if method == "cosine_a":
        dot = columns.nan_to_num(0.0)
        squares_a, squares_b = (squares_a > 0).double(), (squares_b > 0).double()
    norms = math.sqrt(float(squares_a.sum()) * float(squares_b.sum()))
    return columns.clamp_(-1.0, 1.0), float(dot.sum()) / norms if norms else 0.0


def _matrix(tensor: torch.Tensor) -> torch.Tensor:
    rows = tensor.shape[0] if tensor.dim() else 1
    return tensor.reshape(rows, -1) if tensor.numel() else tensor.reshape(0, 1)


def pooled_range(statistics: Sequence[torch.Tensor]) -> Mapping[str, float]:
    """Return ``low`` and ``high`` of all columns of a model, without the outermost percent.

    First values below the 1st percentile go, then those above the 99th of the rest, each percentile
    half-way between its neighbours.
    """
    values = torch.cat(tuple(statistics))
    values = values[~values.isnan()].sort().values
    if not values.numel():
        return {"low": 0.0, "high": 0.0}
    values = values[values >= _percentile(values, _CUT)]
    values = values[values <= _percentile(values, 1 - _CUT)]
    return {"low": values[0].item(), "high": values[-1].item()}


def _percentile(values: torch.Tensor, share: float) -> torch.Tensor:
    place = (values.numel() - 1) * share
    return (values[math.floor(place)] + values[math.ceil(place)]) / 2


def cosine(method: str, inputs: Tensors, values: Values) -> torch.Tensor:
    """k·A + (1 − k)·B, k = clip((c − low) / (high − low) − α, 0, 1) for each column.

    c is the mean of the cosine of the column and that of the tensors. Where all columns of the
    model are alike, so that low is high, those that reach it count as 1. With α = 1 all is B, also
    columns more alike than high.
    """
    if values["alpha"] >= 1:
        return inputs[0].copy_(inputs[1])
    columns, whole = _cosines(method, inputs)
    alike = (columns.nan_to_num_(0.0) + whole) / 2
    width = values["high"] - values["low"]
    above = alike - values["low"]
    alike = above / width if width > 0 else (above >= 0).double()
    from_b = 1 - (alike - values["alpha"]).clamp_(0.0, 1.0)
    a, b = (_matrix(tensor) for tensor in inputs)
    return a.lerp_(b, from_b.float().expand_as(a)).reshape(inputs[0].shape)
