"""What a checkpoint is: its model family, and the parts found in it, each with evidence."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import Expr
from ckpt_studio.core.problems import Problem


@dataclass(frozen=True, slots=True)
class FoundPart:
    """One part of a model in a file.

    ``part`` is what it is (``unet``, ``vae``, ``clip_l``, ``clip_g``, ``clip_h``, ``t5xxl``,
    ``clip_vision``), ``form`` how its keys are named (``checkpoint``, ``native``, ``diffusers``,
    ``hf``, ``openclip``), ``prefix`` what stands before them. ``tensors`` maps ComfyUI's own name
    of each tensor to the way to get it from this file (source 0). ``names`` are all tensors of the
    file that belong to the part; ``unexpected`` are those its model has no place for, ``ignored``
    those that files of this kind often hold and no model needs.
    """

    part: str
    component: str
    architecture: str | None
    form: str
    prefix: str
    tensors: Mapping[str, Expr]
    names: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    evidence: str
    ignored: tuple[str, ...] = ()

    def bytes(self, checkpoint: Checkpoint) -> int:
        """Size of the part in the file."""
        return sum(checkpoint.tensors[name].nbytes for name in self.names)

    def parameters(self, checkpoint: Checkpoint) -> int:
        """Number of elements of the part in the file."""
        return sum(checkpoint.tensors[name].parameters for name in self.names)

    def dtypes(self, checkpoint: Checkpoint) -> dict[str, int]:
        """Bytes per element type, largest first."""
        return dtype_bytes(checkpoint, self.names)


@dataclass(frozen=True, slots=True)
class Recognition:
    """The answer to "what is this file?".

    ``architecture`` is the id of the model family (a file name in ``resources/architectures``),
    None when no known diffusion model is in the file. ``other`` are tensors of no part; ``markers``
    are top-level keys such as ``v_pred`` that say how the model predicts. ``kind`` says what else
    the file may be: ``checkpoint``, ``part``, ``lora``, ``controlnet``, ``embedding``, ``unknown``.
    """

    architecture: str | None
    name: str
    kind: str
    prediction: str | None
    evidence: tuple[str, ...]
    parts: tuple[FoundPart, ...]
    other: tuple[str, ...]
    markers: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def find(self, part: str) -> FoundPart | None:
        """Return the part of that name, if the file has it."""
        return next((found for found in self.parts if found.part == part), None)

    def part_of(self) -> dict[str, str]:
        """Map each tensor name that belongs to a part to that part."""
        return {name: found.part for found in self.parts for name in found.names}


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was opened and recognised."""

    checkpoint: Checkpoint
    recognition: Recognition


def dtype_bytes(checkpoint: Checkpoint, names: tuple[str, ...]) -> dict[str, int]:
    """Bytes per element type of some tensors, largest first."""
    counts: Counter[str] = Counter()
    for name in names:
        tensor = checkpoint.tensors[name]
        counts[tensor.dtype.label] += tensor.nbytes
    return dict(counts.most_common())
