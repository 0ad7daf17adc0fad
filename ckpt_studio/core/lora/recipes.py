"""What the user chose to do with LoRAs, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ckpt_studio.core.plan import OnOverflow
from ckpt_studio.core.recipe import LoraUse, MetadataChoice, Output, Precision, Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """How a LoRA is written.

    ``energy`` is the share of the sum of squares that each module keeps, at most with ``rank``.
    Which ranks that takes is measured (``engine.with_ranks``) and noted in ``ranks`` by the names
    of modules; 0 leaves a module out. A recipe with ranks is carried out without measuring again.
    ``names`` and ``hashes`` are those of ``Merge``.
    """

    precision: Precision = Precision.FP16
    on_overflow: OnOverflow = OnOverflow.ERROR
    metadata: MetadataChoice = field(default_factory=MetadataChoice)
    output: Output = field(default_factory=Output)
    energy: float | None = None
    ranks: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[Path, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExtractLora(_Written):
    """Write what changed from model ``a`` to model ``b`` as a LoRA: B ≈ A + LoRA.

    ``conv_rank`` is the rank of convolutions larger than 1 × 1: None is ``rank``, 0 leaves them
    out. ``te`` takes text encoders too. With ``vectors`` the changes of norms and biases are kept
    whole, which not every program reads.
    """

    a: Path
    b: Path
    rank: int = 32
    conv_rank: int | None = None
    te: bool = True
    vectors: bool = False

    def __post_init__(self) -> None:
        """Accept texts as paths."""
        object.__setattr__(self, "a", Path(self.a))
        object.__setattr__(self, "b", Path(self.b))

    @property
    def sources(self) -> tuple[Path, ...]:
        """The files that are read, each once."""
        return tuple(dict.fromkeys((self.a, self.b)))


@dataclass(frozen=True, slots=True)
class MergeLoras(_Written):
    """Write the sum of LoRAs as one: exact, with the sum of their ranks, or of another rank.

    With a ``rank`` the nearest LoRA of that rank is written; one file alone is resized.
    """

    loras: tuple[LoraUse, ...]
    rank: int | None = None

    @property
    def sources(self) -> tuple[Path, ...]:
        """The files that are read, each once."""
        return tuple(dict.fromkeys(lora.path for lora in self.loras))


@dataclass(frozen=True, slots=True)
class ResizeLora(_Written):
    """Write a LoRA with another rank: the nearest one, which the report says the energy of."""

    source: Path
    rank: int | None = None

    def __post_init__(self) -> None:
        """Accept texts as paths."""
        object.__setattr__(self, "source", Path(self.source))

    @property
    def sources(self) -> tuple[Path, ...]:
        """The file that is read."""
        return (self.source,)

    @property
    def merge(self) -> MergeLoras:
        """The same as a merge of one LoRA."""
        return MergeLoras(
            loras=(LoraUse(self.source),),
            rank=self.rank,
            precision=self.precision,
            on_overflow=self.on_overflow,
            metadata=self.metadata,
            output=self.output,
            energy=self.energy,
            ranks=self.ranks,
        )


LoraRecipe = ExtractLora | MergeLoras | ResizeLora
AnyRecipe = Recipe | LoraRecipe
