"""Which tensors hold codes rather than weights: they mean something only with their scales."""

from collections.abc import Iterable

from ckpt_studio.core.quantised import is_companion
from ckpt_studio.core.tensors import DType, TensorInfo

_PACKED = frozenset({DType.F4, DType.F6_E2M3, DType.F6_E3M2, DType.F8_E8M0})
_SCALES = (
    ".scale_weight",
    ".weight_scale",
    ".weight_scale_2",
    ".weight_s_rel",
    ".comfy_quant",
    ".SCB",
    ".wscales",
    ".weight.absmax",
)
_WEIGHT_ENDS = (".weight", ".qweight")


def coded(tensors: Iterable[TensorInfo]) -> frozenset[str]:
    """Return the names of quantised weights and of packed tensors (``formats.md`` 1.0).

    A weight whose layer has a scale, and everything that only serves to decode one and is no plain
    float itself.
    """
    tensors = tuple(tensors)
    layers = {
        tensor.name.removesuffix(end)
        for tensor in tensors
        for end in _SCALES
        if tensor.name.endswith(end)
    }
    return frozenset(tensor.name for tensor in tensors if _is_code(tensor, layers))


def _is_code(tensor: TensorInfo, layers: set[str]) -> bool:
    if tensor.dtype in _PACKED:
        return True
    if is_companion(tensor.name):
        return not tensor.dtype.convertible
    return any(
        tensor.name.endswith(end) and tensor.name.removesuffix(end) in layers
        for end in _WEIGHT_ENDS
    )
