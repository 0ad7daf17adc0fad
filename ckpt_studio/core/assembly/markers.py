"""The tensors of a checkpoint beside its parts: how a model predicts, and conditioners."""

from collections.abc import Sequence
from dataclasses import dataclass

from ckpt_studio.core.assembly.constants import default_tensor
from ckpt_studio.core.expr import Expr, cast, read
from ckpt_studio.core.families.architecture import Architecture
from ckpt_studio.core.families.templates import Spec
from ckpt_studio.core.plan import PlannedTensor
from ckpt_studio.core.problems import Problem, error, warning
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.tensors import DType


@dataclass(frozen=True, slots=True)
class Markers:
    """The rows of the markers; those that were made, and those that no source has."""

    rows: tuple[PlannedTensor, ...]
    added: tuple[str, ...]
    missing: tuple[str, ...]

    def problems(self, architecture: Architecture, *, allowed: bool) -> tuple[Problem, ...]:
        """Say what is missing; ``allowed`` when the user wants to save without it."""
        if not self.missing:
            return ()
        message = (
            f"No file has the {len(self.missing):,} tensors that {architecture.name} needs beside "
            f"its parts, among them {self.missing[0]}."
        )
        say = warning if allowed else error
        hint = "Choose a whole checkpoint as the base."
        return (say(message, hint, "missing-part:conditioner", self.missing),)


def markers_from(architecture: Architecture, files: Sequence[Opened], first: int) -> Markers:
    """Return the markers of a family (``comfyui.md`` 1.2, 2.4, 4.3).

    They are taken from the file of the diffusion model, number ``first``, else from another.
    """
    order = [first, *(index for index in range(len(files)) if index != first)]
    rows: list[PlannedTensor] = []
    added: list[str] = []
    missing: list[str] = []
    for name, spec in architecture.markers.items():
        expr = next((e for i in order if (e := _taken(name, spec, files[i], i)) is not None), None)
        if expr is None and spec.default is None and 0 not in spec.shape:
            missing.append(name)
        elif expr is None and not spec.optional:
            expr = default_tensor(spec, DType.F32)
            added.append(name)
        if expr is not None:
            rows.append(PlannedTensor(name, expr, "unet"))
    return Markers(tuple(rows), tuple(added), tuple(missing))


def _taken(name: str, spec: Spec, file: Opened, source: int) -> Expr | None:
    tensor = file.checkpoint.tensors.get(name)
    if tensor is None or not tensor.dtype.convertible or not spec.accepts(tensor.shape):
        return None
    return cast(read(source, tensor), spec.dtype) if spec.dtype else read(source, tensor)
