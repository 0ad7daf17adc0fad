"""Statistics of a selection while they come in, and those that are known already."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from ckpt_studio.core.checkpoint import Checkpoint, SourceFile
from ckpt_studio.core.statistics import TensorStatistics, Values
from ckpt_studio.core.text import counted


@dataclass(frozen=True, slots=True)
class Collected:
    """The statistics of ``wanted`` tensors so far, and of their values as if they were one tensor.

    Where other tensors are among them, codes of quantised weights are left out of ``values``;
    ``codes`` says that there is nothing else.
    """

    wanted: int
    tensors: tuple[TensorStatistics, ...] = ()
    values: Values = field(default_factory=Values)
    codes: bool = False

    @classmethod
    def of(cls, wanted: int, tensors: Iterable[TensorStatistics]) -> Self:
        """Return some statistics put together."""
        collecting = Collecting(wanted)
        for one in tensors:
            collecting.add(one)
        return cls(wanted, tuple(collecting.tensors), *collecting.sum)

    @property
    def complete(self) -> bool:
        """Whether nothing more is to come."""
        return len(self.tensors) == self.wanted


class Collecting:
    """Adds up statistics one by one, so that there is a sum at any time."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self.tensors: list[TensorStatistics] = []
        self._weights, self._codes = Values(), Values()
        self._has_weights = False

    def add(self, one: TensorStatistics) -> None:
        """Take in the statistics of one tensor."""
        self.tensors.append(one)
        if one.values is None:
            return
        if one.codes:
            self._codes += one.values
        else:
            self._weights += one.values
            self._has_weights = True

    @property
    def sum(self) -> tuple[Values, bool]:
        """The sum, and whether it is one of codes."""
        codes = not self._has_weights and self._codes.count > 0
        return (self._codes if codes else self._weights), codes

    def snapshot(self) -> Collected:
        """Return how far it is."""
        return Collected(self._wanted, tuple(self.tensors), *self.sum)


class KnownValues:
    """The statistics of tensors by the state of their files, for as long as those are open."""

    def __init__(self) -> None:
        self._files: dict[tuple[SourceFile, ...], dict[str, TensorStatistics]] = {}

    def of(self, checkpoint: Checkpoint) -> dict[str, TensorStatistics]:
        """Return what is known of a file as it was opened, by the names of tensors.

        It is filled on the threads that read, one name at a time.
        """
        return self._files.setdefault(checkpoint.files, {})

    def keep(self, checkpoints: Iterable[Checkpoint]) -> None:
        """Forget all files but these."""
        kept = {checkpoint.files for checkpoint in checkpoints}
        self._files = {files: known for files, known in self._files.items() if files in kept}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Tensors of a file whose values are asked for; ``selected`` unless they are all shown."""

    checkpoint: Checkpoint
    names: tuple[str, ...]
    selected: bool = True

    @property
    def bytes(self) -> int:
        """How much there is to read."""
        return sum(self.checkpoint.tensors[name].nbytes for name in self.names)

    @property
    def title(self) -> str:
        """What they are called."""
        return self.names[0] if len(self.names) == 1 else counted(len(self.names), "tensor")
