"""What PEFT says about an adapter in the header instead of in tensors (``merging.md`` 4.1)."""

import json
import re
import struct
from collections.abc import Mapping
from typing import Any

from ckpt_studio.core.expr import Constant
from ckpt_studio.core.tensors import DType

_LARGEST = 1e30
_KEY = "lora_adapter_metadata"
_PARTS = re.compile(r"^(?:base_model\.model\.)?(unet|transformer|text_encoder(?:_[23])?)\.")


def alpha_of(name: str, rank: int, metadata: Mapping[str, str]) -> Constant | None:
    """Return the alpha of a module as the header has it, None where it says nothing.

    With ``use_rslora`` the scale is α/√r; alpha is given such that α/r is that.
    """
    settings = _settings(name, metadata)
    alpha = _number(settings.get("lora_alpha"))
    patterns = settings.get("alpha_pattern")
    for pattern, value in patterns.items() if isinstance(patterns, dict) else ():
        if name == pattern or name.endswith(f".{pattern}"):
            alpha = _number(value)
    if alpha is None:
        return None
    if settings.get("use_rslora") is True:
        alpha *= rank**0.5
    return Constant(DType.F32, (), struct.pack("<f", alpha))


def _settings(name: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of the part that a module is in; several parts have theirs by prefix."""
    try:
        settings = json.loads(metadata.get(_KEY, "{}"))
    except ValueError:
        return {}
    if not isinstance(settings, dict):
        return {}
    found = _PARTS.match(name)
    if found is None:
        return settings
    start = f"{found[1]}."
    return settings | {
        key.removeprefix(start): value for key, value in settings.items() if key.startswith(start)
    }


def _number(value: object) -> float | None:
    """Return a number of the header; anything else there is ignored."""
    if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) > _LARGEST:
        return None
    return float(value)
