"""What will be written: every row of the output file, its metadata, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import (
    AddAdapter,
    Blend,
    Cast,
    Concat,
    Expr,
    Factor,
    Reshape,
    Rows,
    Transpose,
    reads,
)
from ckpt_studio.core.problems import Problem, Severity
from ckpt_studio.core.tensors import FILE_RANK, DType


class OnOverflow(StrEnum):
    """What happens to values that do not fit the chosen precision."""

    ERROR = "ask-is-error"  # save nothing and say which tensors
    CLAMP = "clamp"  # store the largest value that fits
    KEEP = "keep"  # store those tensors in their old precision


class Container(StrEnum):
    """The format of a file that is written."""

    SAFETENSORS = "safetensors"
    TORCH_ZIP = "torch-zip"  # `.ckpt` of PyTorch 1.6 and later


@dataclass(frozen=True, slots=True)
class PlannedTensor:
    """One row of the output and how to get its bytes; ``part`` is the part it belongs to.

    ``file`` is the file it goes to where the output is a set of files, relative to their folder.
    """

    name: str
    expr: Expr
    part: str = ""
    file: str = ""

    @property
    def dtype(self) -> DType:
        """Element type in the output."""
        return self.expr.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape in the output."""
        return self.expr.shape

    @property
    def nbytes(self) -> int:
        """Size in the output in bytes."""
        return self.dtype.nbytes(self.shape)


@dataclass(frozen=True, slots=True)
class Dropped:
    """A source tensor that is left out, and why."""

    name: str
    reason: str
    source: int = 0


@dataclass(frozen=True, slots=True)
class PartSummary:
    """One part of the output: where it comes from and what becomes of its precision (bytes).

    ``others`` are more files that its tensors are computed from, ``computed`` how many are.
    """

    part: str
    source: Path | None
    tensors: int
    bytes: int
    dtype_before: Mapping[str, int]
    dtype_after: Mapping[str, int]
    others: tuple[Path, ...] = ()
    computed: int = 0


@dataclass(frozen=True, slots=True)
class AdapterCoverage:
    """What an adapter file reaches: tensors of the model, and its own modules without a target.

    With ``control`` it is a control LoRA, whose input layer takes more channels than the model has.
    """

    source: Path
    kinds: tuple[str, ...]
    touched: int
    unmatched: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()  # modules whose target has another shape
    control: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a merge does with the tensors of A: every one is in exactly one of the first three."""

    total: int
    merged: int
    copied: int  # from A, where it was not to be merged or no other model has it
    taken: int = 0  # from another model or VAE, whole
    only_in_others: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()  # of another shape in another model, so copied from A
    adapters: tuple[AdapterCoverage, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A complete description of the output; nothing has been read but headers.

    The output is one file or, where the rows name files, a set of files: shards with their index,
    or the folder of a diffusers model. ``texts`` are the small files of a set, by their path
    relative to its folder. ``output`` of a set is its index (one of the texts is called so and lies
    beside the shards) or else its folder. ``shard_bytes`` is the most data that one file may hold,
    0 without a limit; what does not fit has been split already. With ``same_data`` the tensors are
    those of the one source, a safetensors file, in their order: everything after its header.
    """

    verb: str  # save, convert, extract, meta, merge, lora
    sources: tuple[Checkpoint, ...]
    tensors: tuple[PlannedTensor, ...]
    metadata: Mapping[str, str]
    output: Path | None = None
    target: str | None = None
    parts: tuple[PartSummary, ...] = ()
    missing: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    added: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    on_overflow: OnOverflow = OnOverflow.ERROR
    overwrite: bool = False
    header_bytes: int = 0
    free_bytes: int | None = None
    peak_memory_bytes: int = 0
    container: Container = Container.SAFETENSORS
    texts: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    shard_bytes: int = 0
    same_data: bool = False
    coverage: Coverage | None = None

    @property
    def data_bytes(self) -> int:
        """Bytes of tensor data in the output."""
        return sum(tensor.nbytes for tensor in self.tensors)

    @property
    def bytes(self) -> int:
        """Size of the output, all files together."""
        texts = sum(len(text.encode()) for text in self.texts.values())
        return self.header_bytes + self.data_bytes + texts

    @property
    def files(self) -> Mapping[str, tuple[PlannedTensor, ...]]:
        """The rows of each file of a set, in the order of the rows; empty where it is one file."""
        found: dict[str, list[PlannedTensor]] = {}
        for row in self.tensors:
            found.setdefault(row.file, []).append(row)
        return {} if found.keys() <= {""} else {name: tuple(rows) for name, rows in found.items()}

    @property
    def folder(self) -> Path | None:
        """The folder that the files of a set are relative to, or that of the one file."""
        if self.output is None:
            return None
        return self.output.parent if not self.files or self.has_index else self.output

    @property
    def has_index(self) -> bool:
        """Whether the output is the index of shards, one of the texts."""
        return self.output is not None and self.output.name in self.texts

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the plan from being carried out."""
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)

    @property
    def computes(self) -> bool:
        """Whether so many values are converted that torch is needed."""
        return any(computes(tensor.expr) for tensor in self.tensors)

    @property
    def renamed(self) -> tuple[PlannedTensor, ...]:
        """Rows made of source tensors of which none has their name."""
        return tuple(
            row
            for row in self.tensors
            if (names := source_names(row.expr)) and row.name not in names
        )


def casts(expr: Expr) -> bool:
    """Whether an expression contains a cast, or is computed, which ends in one."""
    match expr:
        case Cast() | Blend() | AddAdapter() | Factor():
            return True
        case Concat(parts):
            return any(casts(part) for part in parts)
        case Rows(of) | Reshape(of) | Transpose(of):
            return casts(of)
        case _:
            return False


FEW_VALUES = 4096
"""A conversion of no more values than this, to a wider type, is done without loading torch."""


def computes(expr: Expr) -> bool:
    """Whether an expression contains a cast that is more than widening a few values.

    Checkpoints such as SDXL's hold a ``logit_scale`` in fp16 that programs expect in fp32.
    """
    match expr:
        case Blend() | AddAdapter() | Factor():
            return True
        case Cast(of, dtype):
            few = prod(expr.shape) <= FEW_VALUES
            widens = of.dtype in {DType.F16, DType.BF16} and dtype is DType.F32
            return computes(of) or not (few and widens)
        case Concat(parts):
            return any(computes(part) for part in parts)
        case Rows(of) | Reshape(of) | Transpose(of):
            return computes(of)
        case _:
            return False


def source_names(expr: Expr) -> tuple[str, ...]:
    """Names of the source tensors an expression reads, without repetition."""
    return tuple(dict.fromkeys(leaf.tensor.name for leaf in reads(expr)))


def file_order(tensor: PlannedTensor) -> tuple[int, bytes]:
    """Sort key of safetensors' own writer: element type by alignment, then name bytewise."""
    return FILE_RANK[tensor.dtype], tensor.name.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class OverflowCount:
    """A tensor with values that did not fit: how many, and the largest magnitude."""

    name: str
    count: int
    max_abs: float


@dataclass(frozen=True, slots=True)
class Retained:
    """How much of a change a product of some rank holds: sums of squares, kept and in total."""

    key: str
    kept: float
    total: float

    @property
    def share(self) -> float:
        """Share of the energy that was kept, from 0 to 1; all of nothing is 1."""
        return min(self.kept / self.total, 1.0) if self.total else 1.0


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file of a set that was written; only files with tensors have hashes."""

    path: Path
    bytes: int
    sha256: str | None = None
    autov2: str | None = None
    autov3: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was written. The hashes of a set are those of its ``files``.

    ``shared`` bytes of data are blocks that the file has in common with its source. Where the data
    stayed as they were, ``autov3_before`` is the hash of those of the source; ``data_sha256`` are
    all 64 digits of the hash that ``autov3`` begins. ``retained`` tells of an extracted or resized
    LoRA what its rank holds of each tensor, in the order of their keys.
    """

    path: Path
    bytes: int
    seconds: float
    sha256: str | None = None
    autov2: str | None = None
    autov3: str | None = None
    overflowed: tuple[OverflowCount, ...] = ()
    flushed: int = 0
    converted: int = 0
    copied: int = 0
    kept: tuple[str, ...] = ()
    verified: bool = False
    problems: tuple[Problem, ...] = ()
    files: tuple[WrittenFile, ...] = ()
    autov3_before: str | None = None
    data_sha256: str | None = None
    retained: tuple[Retained, ...] = ()
    shared: int = 0
