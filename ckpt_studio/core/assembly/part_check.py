"""What is wrong with a part of a source, before it goes into a checkpoint."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import Expr
from ckpt_studio.core.families.templates import Spec
from ckpt_studio.core.problems import Problem, error, warning
from ckpt_studio.core.quantised import is_quantised
from ckpt_studio.core.recipe import Precision
from ckpt_studio.core.recognition import FoundPart
from ckpt_studio.core.tensors import DType
from ckpt_studio.core.text import counted


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
            yield from self._unusual()
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
            f"{name} lacks {counted(len(missing), 'tensor')} of the {part}, such as {missing[0]}.",
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
                f"The {self.found.part} in {self.checkpoint.path.name} has "
                f"{counted(len(wrong), 'tensor')} of the wrong shape: "
                f"{wrong[0]} is {list(has)}, not {list(wants)}.",
                "Choose another file.",
                f"wrong-shape:{self.found.part}",
                tuple(wrong),
            )

    def _unusual(self) -> Iterator[Problem]:
        """Warn of what fits but is not what programs expect: longer positions, whole numbers."""
        name = self.checkpoint.path.name
        for key, spec in self.wanted.items():
            shape = self.own[key].shape if key in self.own else ()
            if key.endswith("position_embedding.weight") and shape[:1] > spec.usual_shape[:1]:
                yield warning(
                    f"The {self.found.part} in {name} has {shape[0]} positions, not "
                    f"{spec.usual_shape[0]}: it is a long variant.",
                    "ComfyUI takes such a file by itself, but may refuse it in a checkpoint.",
                    f"unusual-size:{self.found.part}",
                    (key,),
                )
        whole = tuple(
            key
            for key, spec in self.wanted.items()
            if key in self.own and spec.dtype is None and not self.own[key].dtype.convertible
        )
        if whole:
            yield warning(
                f"The {self.found.part} in {name} has {counted(len(whole), 'weight')} stored as "
                f"{self.own[whole[0]].dtype.label}, which is no type for weights.",
                "They are kept as they are; the model may not work.",
                f"not-weights:{self.found.part}",
                whole,
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
            f"Left out of {self.checkpoint.path.name}: {counted(len(names), 'tensor')} "
            "with no place in the model.",
            code="unexpected",
            names=names,
        )
