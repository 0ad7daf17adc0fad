"""What a LoRA file holds: modules, each with factors, and the tensors of a model they change."""

from dataclasses import dataclass

from ckpt_studio.core.expr import Expr


@dataclass(frozen=True, slots=True)
class Module:
    """The tensors of a LoRA file that together change one tensor of a model.

    ``name`` is what its keys begin with, ``kind`` an id of ``core.lora.kinds``; ``tensors`` are the
    factors by their role, sorted, read from source 0 (the LoRA file). ``split`` are the rows that
    the pieces of a fused weight have where each is a module of its own, of which this is number
    ``piece``.
    """

    name: str
    kind: str
    tensors: tuple[tuple[str, Expr], ...]
    split: tuple[int, ...] = ()
    piece: int = 0

    @property
    def rows(self) -> tuple[int, int] | None:
        """First and last (exclusive) row of the piece, None of a module that is for all rows."""
        if not self.split:
            return None
        start = sum(self.split[: self.piece])
        return start, start + self.split[self.piece]


@dataclass(frozen=True, slots=True)
class Target:
    """A tensor of a model, or some rows of it: ``key`` is ComfyUI's name within the part.

    ``rows`` are first and last (exclusive) row of a fused weight. With ``swapped`` the module is
    for the tensor with its halves exchanged (scale and shift; ``merging.md`` 4.1).
    """

    part: str
    key: str
    rows: tuple[int, int] | None = None
    swapped: bool = False
