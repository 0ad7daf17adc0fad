"""Take the averaged (EMA) weights of a training checkpoint instead of the plain ones.

``model_ema.`` and the key without its leading ``model.`` and without any dot (``formats.md`` 4):
``model.diffusion_model.out.0.weight`` is ``model_ema.diffusion_modelout0weight``.
"""

from dataclasses import dataclass, replace

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import Expr, Read, read
from ckpt_studio.core.recognition import FoundPart, Opened

EMA = "model_ema."


def ema_name(name: str) -> str:
    """Return the name of the averaged copy of a tensor."""
    return EMA + name.removeprefix("model.").replace(".", "")


def with_ema(found: FoundPart, checkpoint: Checkpoint) -> FoundPart:
    """Return the diffusion model with its averaged weights.

    Raises:
        PlanError: the file has none, or not one for every weight.
    """
    averaged: dict[str, Expr] = {}
    lacking: list[str] = []
    names: list[str] = []
    for key, expr in found.tensors.items():
        name = ema_name(expr.tensor.name) if isinstance(expr, Read) else ""
        tensor = checkpoint.tensors.get(name)
        if tensor is None or tensor.shape != expr.shape:
            lacking.append(key)
        else:
            averaged[key] = read(0, tensor)
            names.append(name)
    if lacking:
        what = "holds no EMA weights" if not averaged else f"holds no EMA copy of {lacking[0]}"
        raise PlanError(f"{checkpoint.path.name} {what}.", "Save it with the plain weights.")
    return replace(found, tensors=averaged, names=tuple(names))


@dataclass(frozen=True, slots=True)
class Averaged:
    """The averaged weights in a file: how many tensors, and why they cannot be taken, if so."""

    tensors: int
    refused: str = ""


def averaged(opened: Opened) -> Averaged:
    """Return what averaged weights a file holds for its diffusion model."""
    count = sum(name.startswith(EMA) for name in opened.checkpoint.tensors)
    unet = opened.recognition.find("unet")
    if not count or unet is None:
        return Averaged(0)
    try:
        with_ema(unet, opened.checkpoint)
    except PlanError as problem:
        return Averaged(count, problem.message)
    return Averaged(count)
