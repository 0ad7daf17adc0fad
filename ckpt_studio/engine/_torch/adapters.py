"""Change a weight by an adapter: LoRA and its relatives, in fp32 (``merging.md`` 4.2).

Where programs disagree, what the adapter was trained as decides: a scale and a strength count
once, an OFT's constraint is α·out, DoRA's norm runs over the axis that the shape of its magnitudes
leaves and is that of W + ΔW.
"""

from collections.abc import Callable, Mapping

import torch

from ckpt_studio.core.lora.kinds import old_glora
from ckpt_studio.engine._torch.orthogonal import butterflies, rotation

Tensors = Mapping[str, torch.Tensor]
Range = tuple[int, int]

_MATRIX = 2
_EPS = torch.finfo(torch.float32).eps


def apply(
    kind: str,
    strength: float,
    weight: torch.Tensor,
    tensors: Tensors,
    rows: Range | None = None,
    *,
    own: bool = False,
) -> torch.Tensor:
    """Return a weight changed by an adapter.

    ``kind`` is an id of ``core.lora.kinds`` and ``tensors`` its factors by role, all fp32, of
    shapes that ``kinds.fits``. With ``rows`` the weight is these rows (first, last exclusive) of
    the whole one and only they are computed, which ``kinds.by_rows`` has to allow; the factors are
    whole all the same. With ``own`` the weight may be changed in place, which saves memory.
    """
    if own and kind == "lora" and _is_product(weight, tensors):
        return _with_product(strength, weight, tensors, rows)
    if kind == "set":
        return weight + strength * (_taken(tensors["value"], rows).reshape(weight.shape) - weight)
    if kind in {"oft", "boft"}:
        return _rotated(kind, strength, weight, tensors)
    delta = _DELTAS[kind](weight, tensors, rows)
    magnitude = tensors.get("dora_scale")
    if magnitude is None:
        return weight + strength * delta
    return weight + strength * (_decomposed(weight + delta, magnitude) - weight)


def _taken(factor: torch.Tensor, rows: Range | None) -> torch.Tensor:
    return factor if rows is None else factor[rows[0] : rows[1]]


def _scale(tensors: Tensors, rank: int) -> float:
    """Return α/r, 1 where the file has no α."""
    alpha = tensors.get("alpha")
    return 1.0 if alpha is None else alpha.item() / rank


def _lora(weight: torch.Tensor, tensors: Tensors, rows: Range | None) -> torch.Tensor:
    up, down, mid = _taken(tensors["up"], rows).flatten(1), tensors["down"], tensors.get("mid")
    rank = down.shape[0]
    if mid is not None:
        delta = torch.einsum("mn...,im,nj->ij...", mid, up, down.flatten(1))
        return delta.reshape(weight.shape) * _scale(tensors, rank)
    delta = (up @ down.flatten(1)) * _scale(tensors, rank)
    if delta.numel() == weight.numel():
        return delta.reshape(weight.shape)
    return _other_channels(delta.reshape(-1, *down.shape[1:]), weight)


def _is_product(weight: torch.Tensor, tensors: Tensors) -> bool:
    """Whether the change is a product of two matrices of the weight's own size."""
    if "mid" in tensors or "dora_scale" in tensors or weight.dim() < _MATRIX:
        return False
    return tensors["down"].flatten(1).shape[1] == weight.flatten(1).shape[1]


def _with_product(
    strength: float, weight: torch.Tensor, tensors: Tensors, rows: Range | None
) -> torch.Tensor:
    """Add such a change to a weight in place."""
    up, down = _taken(tensors["up"], rows).flatten(1), tensors["down"].flatten(1)
    scale = strength * _scale(tensors, down.shape[0])
    weight.view(weight.shape[0], -1).addmm_(up, down, alpha=scale)
    return weight


def _other_channels(delta: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the change of a convolution with more or fewer input channels than the weight."""
    result = torch.zeros_like(weight)
    channels = min(delta.shape[1], weight.shape[1])
    result[:, :channels] = delta[:, :channels]
    return result


def _loha(weight: torch.Tensor, tensors: Tensors, rows: Range | None) -> torch.Tensor:
    first, second = (_loha_half(tensors, side, rows) for side in ("1", "2"))
    rank = tensors["w1b"].shape[0]
    return (first * second).reshape(weight.shape) * _scale(tensors, rank)


def _loha_half(tensors: Tensors, side: str, rows: Range | None) -> torch.Tensor:
    first, second, core = tensors[f"w{side}a"], tensors[f"w{side}b"], tensors.get(f"t{side}")
    if core is None:
        return _taken(first, rows) @ second.flatten(1)
    return _tucker(core, first, second)


def _tucker(core: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    whole = torch.einsum("ij...,jr,ip->pr...", core, second.flatten(1), first.flatten(1))
    return whole.flatten(1).contiguous()


def _lokr(weight: torch.Tensor, tensors: Tensors, rows: Range | None) -> torch.Tensor:  # noqa: ARG001 - rows of a Kronecker product are mixed
    first, second = _lokr_side(tensors, "left"), _lokr_side(tensors, "right")
    # The scale belongs to a factorised side: two whole ones hold it already.
    factorised = tensors.get("right_b", tensors.get("left_b"))
    scale = 1.0 if factorised is None else _scale(tensors, factorised.shape[0])
    return torch.kron(first, second).reshape(weight.shape) * scale


def _lokr_side(tensors: Tensors, side: str) -> torch.Tensor:
    whole, core = tensors.get(side), tensors.get("core") if side == "right" else None
    if whole is not None:
        return whole.flatten(1)
    first, second = tensors[f"{side}_a"], tensors[f"{side}_b"]
    return first @ second.flatten(1) if core is None else _tucker(core, first, second)


def _glora(weight: torch.Tensor, tensors: Tensors, rows: Range | None) -> torch.Tensor:
    a1, a2, b1, b2 = (tensors[role].flatten(1) for role in ("a1", "a2", "b1", "b2"))
    if old_glora({role: tuple(tensors[role].shape) for role in ("a1", "a2", "b1", "b2")}):
        delta = (weight.flatten(1) @ a2) @ a1 + _taken(b2, rows) @ b1
        rank = a1.shape[0]
    else:
        # Of a convolution only the channels are multiplied.
        changed = torch.einsum("oi...,ij->oj...", weight, a1)
        changed = torch.einsum("oi...,ij->oj...", changed, a2)
        delta = changed.flatten(1) + _taken(b1, rows) @ b2
        rank = a1.shape[1]
    return delta.reshape(weight.shape) * _scale(tensors, rank)


def _ia3(weight: torch.Tensor, tensors: Tensors, rows: Range | None) -> torch.Tensor:  # noqa: ARG001 - the number of all rows counts
    factor = tensors["weight"].flatten()
    outputs, inputs = weight.shape[:_MATRIX]
    on_input = bool(tensors["on_input"].flatten()[0]) and factor.numel() == inputs
    if on_input or factor.numel() != outputs:  # what the sizes do not leave open, they decide
        return weight * factor.reshape(1, -1, *[1] * (weight.dim() - _MATRIX))
    return weight * factor.reshape(-1, *[1] * (weight.dim() - 1))


def _difference(role: str) -> "Callable[[torch.Tensor, Tensors, Range | None], torch.Tensor]":
    def delta(weight: torch.Tensor, tensors: Tensors, rows: Range | None) -> torch.Tensor:
        return _taken(tensors[role], rows).reshape(weight.shape)

    return delta


def _rotated(kind: str, strength: float, weight: torch.Tensor, tensors: Tensors) -> torch.Tensor:
    blocks = tensors["blocks"]
    size = blocks.shape[-1]
    alpha = tensors.get("alpha")
    limit = 0.0 if alpha is None else alpha.item() * weight.shape[0]
    identity = torch.eye(size)
    turned = rotation(blocks.reshape(-1, size, size), limit).reshape(blocks.shape)
    turned = identity + strength * (turned - identity)
    if kind == "boft":
        result = butterflies(turned, weight)
    else:
        apart = weight.reshape(-1, size, *weight.shape[1:])
        result = torch.einsum("knm,kn...->km...", turned, apart).reshape(weight.shape)
    rescale = tensors.get("rescale")
    if rescale is None:
        return result
    factor = rescale.reshape(-1, *[1] * (weight.dim() - 1))
    return result * (1 + strength * (factor - 1))


def _decomposed(changed: torch.Tensor, magnitude: torch.Tensor) -> torch.Tensor:
    """Return V·m/‖V‖ for V = W + ΔW (DoRA).

    Magnitudes [out, 1, …], and [out] alone, are of rows: the norm runs over the inputs. Those of
    [1, in, …] are of columns: it runs over outputs and kernel.
    """
    spread = [1] * changed.dim()
    if magnitude.shape[0] == changed.shape[0] and magnitude.numel() == changed.shape[0]:
        norm = torch.linalg.vector_norm(changed.flatten(1), dim=1)
        spread[0] = -1
    else:
        norm = torch.linalg.vector_norm(changed.transpose(0, 1).flatten(1), dim=1)
        spread[1] = -1
    factor: torch.Tensor = magnitude.flatten() / (norm + _EPS)
    return changed * factor.reshape(spread)


_DELTAS: Mapping[str, Callable[[torch.Tensor, Tensors, Range | None], torch.Tensor]] = {
    "lora": _lora,
    "loha": _loha,
    "lokr": _lokr,
    "glora": _glora,
    "ia3": _ia3,
    "diff": _difference("diff"),
    "diff_b": _difference("diff_b"),
}
