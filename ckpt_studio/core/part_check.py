"""What is wrong with a part of a source, before it goes into a checkpoint."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import Expr
from ckpt_studio.core.problems import Problem, error, warning
from ckpt_studio.core.quantised import is_quantised
from ckpt_studio.core.recipe import Precision
from ckpt_studio.core.recognition import FoundPart
from ckpt_studio.core.templates import Spec
from ckpt_studio.core.tensors import DType


@dataclass(frozen=True, slots=True)
class PartCheck:
    """A part beside what its model wants: ``wanted`` tensors, and its ``own`` under those names."""

    found: FoundPart
    checkpoint: Checkpoint
    wanted: Mapping[str, Spec]
    own: Mapping[str, Expr]

    def problems(self, precision: Precision, missing: Sequence[str]) -> Iterator[Problem]:
        """Yield what is wrong when the part is stored in a precision."""
        if missing:
            yield self._incomplete(missing)
        if not is_quantised(self.own.keys()):
            yield from self._wrong_shapes()
        elif precision is not Precision.KEEP:
            yield self._quantised()
        if self.found.unexpected and self.found.part == "unet":
            yield self._unexpected()

    def _incomplete(self, missing: Sequence[str]) -> Problem:
        part, name = self.found.part, self.checkpoint.path.name
        if all(key in self.wanted and self.wanted[key].dtype is DType.U8 for key in missing):
            return error(
                f"{name} lacks the tokenizer of the {part}, {missing[0]}.",
                "Take the file of this text encoder that was made for ComfyUI: it holds it.",
                f"incomplete:{part}",
                tuple(missing),
            )
        return error(
            f"{name} lacks {len(missing):,} tensors of the {part}, among them {missing[0]}.",
            "The file is incomplete. Get it again, or choose another.",
            f"incomplete:{part}",
            tuple(missing),
        )

    def _wrong_shapes(self) -> Iterator[Problem]:
        wrong = [
            key
            for key, spec in self.wanted.items()
            if key in self.own and spec.default != "arange"
            if not spec.accepts(self.own[key].shape)
        ]
        if wrong:
            has, wants = self.own[wrong[0]].shape, self.wanted[wrong[0]].usual_shape
            yield error(
                f"{len(wrong):,} tensors of the {self.found.part} in {self.checkpoint.path.name} "
                f"have the wrong shape: {wrong[0]} is {list(has)}, not {list(wants)}.",
                "Choose another file.",
                f"wrong-shape:{self.found.part}",
                tuple(wrong),
            )

    def _quantised(self) -> Problem:
        part, name = self.found.part, self.checkpoint.path.name
        return error(
            f"The {part} in {name} is quantised and can only be kept as it is.",
            "Choose Keep for it.",
            f"quantised:{part}",
        )

    def _unexpected(self) -> Problem:
        names = self.found.unexpected
        return warning(
            f"{len(names):,} tensors of {self.checkpoint.path.name} have no place in the model "
            "and are left out.",
            code="unexpected",
            names=names,
        )
