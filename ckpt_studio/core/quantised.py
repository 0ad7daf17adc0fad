"""Quantised weights: which tensors belong to them, so that they are never converted apart.

A quantised weight is a pair or more: codes and their scales (``formats.md`` 1.0 to 1.6). Bytes of
both are carried along unchanged; a plain cast of either would silently ruin the model.
"""

from collections.abc import Collection, Iterable

from ckpt_studio.core.tensors import DType

COMPANION_ENDS = (
    ".scale_weight",
    ".scale_input",
    ".weight_scale",
    ".weight_scale_2",
    ".input_scale",
    ".pre_quant_scale",
    ".comfy_quant",
    ".weight_s_rel",
    ".weight_s_channel",
    ".weight_codebook",
    ".weight_correction",
    ".weight_zero",
    ".weight_zeros",
    ".weight_format",
    ".SCB",
    ".absmax",
    ".quant_map",
    ".nested_absmax",
    ".nested_quant_map",
    ".wscales",
    ".wcscales",
    ".wtscale",
    ".smooth_factor",
    ".smooth_factor_orig",
)
MARKER = "scaled_fp8"
"""A tensor of this name says that the part's weights are scaled fp8 (``formats.md`` 1.2)."""


def is_companion(name: str) -> bool:
    """Whether a tensor only serves to decode a quantised weight."""
    return (
        name.endswith(COMPANION_ENDS)
        or name == MARKER
        or name.endswith("." + MARKER)
        or ".quant_state." in name
    )


def companions(names: Iterable[str]) -> frozenset[str]:
    """Return those of the names that serve to decode quantised weights."""
    return frozenset(name for name in names if is_companion(name))


def is_quantised(names: Collection[str]) -> bool:
    """Whether any weight among the names is quantised with scales."""
    return any(map(is_companion, names))


def protected(name: str, dtype: DType, shape: tuple[int, ...]) -> str:
    """Say why a tensor is never converted, "" when it may be (``reliability.md`` 4, rule 1)."""
    if not dtype.convertible:
        return f"{dtype.label} values that are no weights"
    if is_companion(name):
        return "which decode quantised weights"
    if not shape:
        return "single numbers"
    return ""
