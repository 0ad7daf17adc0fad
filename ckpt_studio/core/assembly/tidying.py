"""What a conversion leaves out or mends on request: leftovers, named tensors, position numbers."""

import struct

from ckpt_studio.core.expr import Constant, Expr
from ckpt_studio.core.problems import Problem, error
from ckpt_studio.core.recipe import Convert
from ckpt_studio.core.recognise import leftover_reason
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.core.text import listed

_MOST_POSITIONS = 1 << 16
_FEW = 3


def left_out(recipe: Convert, opened: Opened) -> dict[str, str]:
    """Return the tensors that a conversion leaves out, each with the reason."""
    tensors = opened.checkpoint.tensors
    reasons = {name: "it was named" for name in recipe.drop if name in tensors}
    if recipe.prune:
        parts = {name for part in opened.recognition.parts for name in part.names}
        for name in tensors:
            reason = leftover_reason(name)
            if reason and name not in parts:
                reasons.setdefault(name, reason)
    return reasons


def tidying_problems(recipe: Convert, opened: Opened) -> tuple[Problem, ...]:
    """Return what is wrong with the tensors that are to be left out."""
    tensors = opened.checkpoint.tensors
    unknown = tuple(name for name in recipe.drop if name not in tensors)
    if unknown:
        words = [f"“{name}”" for name in unknown[:_FEW]]
        more = [f"{len(unknown) - _FEW} more"] if len(unknown) > _FEW else []
        noun = "name" if len(unknown) == 1 else "names"
        return (
            error(
                f"{opened.checkpoint.path.name} has no tensor of the {noun} "
                f"{listed([*words, *more])}.",
                "Check the spelling: the whole name is needed.",
                "no-such-tensor",
                unknown,
            ),
        )
    if tensors and len(left_out(recipe, opened)) == len(tensors):
        return (error("Nothing is left when these tensors are left out.", code="nothing-left"),)
    return ()


def is_position_ids(tensor: TensorInfo) -> bool:
    """Whether a tensor numbers the positions of a text or a picture from 0.

    One row, of at most 65,536 numbers (``merging.md`` 2.8).
    """
    ends = tensor.name.rpartition(".")[2] == "position_ids"
    return ends and bool(tensor.shape) and tensor.parameters == tensor.shape[-1] <= _MOST_POSITIONS


def positions(shape: tuple[int, ...]) -> Expr:
    """Return the numbers from 0 as every program expects them: I64."""
    count = shape[-1]
    return Constant(DType.I64, shape, struct.pack(f"<{count}q", *range(count)))
