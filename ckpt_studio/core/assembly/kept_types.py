"""Which tensors of a file keep their type whatever precision is chosen, and why."""

from collections.abc import Mapping

from ckpt_studio.core.expr import reads
from ckpt_studio.core.families.architecture import component, components, family
from ckpt_studio.core.quantised import is_companion, protected
from ckpt_studio.core.recognise import leftover_reason
from ckpt_studio.core.recognition import FoundPart, Opened
from ckpt_studio.core.tensors import DType, TensorInfo


class Guard:
    """Knows which tensors of a file are never converted, and why."""

    def __init__(self, opened: Opened) -> None:
        self._names = opened.checkpoint.tensors.keys()
        self._fixed = {
            leaf.tensor.name
            for part in opened.recognition.parts
            for key, spec in fixed_types(part).items()
            if spec is not None and key in part.tensors
            for leaf in reads(part.tensors[key])
        }
        self._companions = {name for name in self._names if is_companion(name)}

    def reason(self, tensor: TensorInfo) -> str:
        """Say why a tensor keeps its type, "" when it may be converted."""
        name = tensor.name
        if why := protected(name, tensor.dtype, tensor.shape):
            return why
        if name in self._fixed:
            return "which programs expect in this type"
        if leftover_reason(name) and "schedule" in leftover_reason(name):
            return "noise schedules that would lose too much"
        layer = name.removesuffix(".weight")
        if any(f"{layer}{end}" in self._companions for end in _WEIGHT_COMPANIONS):
            return "weights that are quantised"
        return ""


_WEIGHT_COMPANIONS = (".scale_weight", ".weight_scale", ".SCB", ".comfy_quant", ".weight.absmax")


def fixed_types(part: FoundPart) -> Mapping[str, DType | None]:
    """Return the type of each tensor of a part that its model expects, None where any will do."""
    if part.part == "unet":
        found = family(part.architecture or "").unet.component
    elif any(part.component == item.id for item in components()):
        found = component(part.component)
    else:
        return {}
    return {key: spec.dtype for key, spec in found.specs(part.tensors).items()}
