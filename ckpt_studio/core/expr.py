"""How to get the bytes of a planned tensor: a small closed algebra over source tensors.

Use the functions (``read``, ``rows``, ``concat``, ``reshape``, ``transpose``, ``cast``) rather than
the classes: they cancel what undoes itself, so that a tensor that ends up unchanged is a ``Read``
again and is copied by the kernel. Rows are slices along dimension 0, which are contiguous bytes.
"""

from dataclasses import dataclass
from math import prod

from ckpt_studio.core.tensors import DType, TensorInfo


@dataclass(frozen=True, slots=True)
class Read:
    """All bytes of one tensor of ``plan.sources[source]``."""

    source: int
    tensor: TensorInfo

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self.tensor.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        return self.tensor.shape


@dataclass(frozen=True, slots=True)
class Constant:
    """Bytes that come from no file, little-endian, C order."""

    dtype: DType
    shape: tuple[int, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Zeros:
    """All zeros, in fp32: what adapters are added to where only their own values are wanted."""

    shape: tuple[int, ...]

    @property
    def dtype(self) -> DType:
        """Element type."""
        return DType.F32


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows ``start`` to ``stop`` (exclusive) of dimension 0."""

    of: "Expr"
    start: int
    stop: int

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self.of.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        return (self.stop - self.start, *self.of.shape[1:])


@dataclass(frozen=True, slots=True)
class Concat:
    """Parts one after another along dimension 0; all have the same type and inner shape."""

    parts: tuple["Expr", ...]

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self.parts[0].dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        return (sum(part.shape[0] for part in self.parts), *self.parts[0].shape[1:])


@dataclass(frozen=True, slots=True)
class Reshape:
    """The same elements in another shape."""

    of: "Expr"
    shape: tuple[int, ...]

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self.of.dtype


@dataclass(frozen=True, slots=True)
class Transpose:
    """A matrix with its two dimensions exchanged."""

    of: "Expr"

    @property
    def dtype(self) -> DType:
        """Element type."""
        return self.of.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        return self.of.shape[::-1]


@dataclass(frozen=True, slots=True)
class Cast:
    """The same values in another floating type: through fp32, rounded once, to nearest even."""

    of: "Expr"
    dtype: DType

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        return self.of.shape


@dataclass(frozen=True, slots=True)
class Blend:
    """Values that a method computes from tensors of one shape, in fp32.

    ``method`` is an id of ``core.merging.methods``. ``parameters`` are sorted by name. ``key`` is
    ComfyUI's name of the tensor, part included: methods that draw random numbers depend on it, so
    that neither threads nor order matter.
    """

    method: str
    inputs: tuple["Expr", ...]
    parameters: tuple[tuple[str, float], ...] = ()
    key: str = ""

    @property
    def dtype(self) -> DType:
        """Element type: computed values are rounded once, by the cast around them."""
        return DType.F32

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        return self.inputs[0].shape


@dataclass(frozen=True, slots=True)
class Adapter:
    """What a LoRA, or a relative of it, does to one tensor (``merging.md`` 4.2).

    ``kind`` is an id of ``core.lora.kinds``; ``tensors`` are the factors by their role, sorted, as
    the kind names them. The strength includes those of part and block.
    """

    kind: str
    tensors: tuple[tuple[str, "Expr"], ...]
    strength: float


@dataclass(frozen=True, slots=True)
class AddAdapter:
    """A tensor changed by an adapter, in fp32."""

    of: "Expr"
    adapter: Adapter

    @property
    def dtype(self) -> DType:
        """Element type: computed values are rounded once, by the cast around them."""
        return DType.F32

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        return self.of.shape


@dataclass(frozen=True, slots=True)
class Factor:
    """One side of a product of two matrices that is a tensor, or the nearest one of that rank.

    ``side`` is ``up``, [rows, rank, 1, …], or ``down``, [rank, …] with the other dimensions of the
    tensor; ``up @ down``, flattened after the first dimension, is ``of``. With ``exact`` that is a
    sum of plain LoRAs over zeros and the rank is the sum of theirs. ``key`` names the tensor:
    random numbers depend on it, so that the same bytes come out every time.
    """

    of: "Expr"
    rank: int
    side: str
    key: str = ""
    exact: bool = False

    @property
    def dtype(self) -> DType:
        """Element type: computed values are rounded once, by the cast around them."""
        return DType.F32

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape."""
        if self.side == "down":
            return (self.rank, *self.of.shape[1:])
        return (self.of.shape[0], self.rank, *(1 for _ in self.of.shape[2:]))


Computed = Blend | AddAdapter | Factor
Expr = Read | Constant | Zeros | Rows | Concat | Reshape | Transpose | Cast | Computed


def read(source: int, tensor: TensorInfo) -> Read:
    """Return all of one source tensor."""
    return Read(source, tensor)


def rows(of: Expr, start: int, stop: int) -> Expr:
    """Return rows ``start`` to ``stop`` of dimension 0.

    Raises:
        ValueError: when the rows do not exist.
    """
    if not of.shape or not 0 <= start <= stop <= of.shape[0]:
        raise ValueError(f"rows {start} to {stop} of a tensor of shape {list(of.shape)}")
    if (start, stop) == (0, of.shape[0]):
        return of
    if isinstance(of, Rows):
        return Rows(of.of, of.start + start, of.start + stop)
    if isinstance(of, Concat) and start < stop:
        return concat(_rows_of_parts(of.parts, start, stop))
    return Rows(of, start, stop)


def _rows_of_parts(parts: tuple[Expr, ...], start: int, stop: int) -> tuple[Expr, ...]:
    found: list[Expr] = []
    first = 0
    for part in parts:
        last = first + part.shape[0]
        if first < stop and start < last:
            found.append(rows(part, max(start, first) - first, min(stop, last) - first))
        first = last
    return tuple(found)


def concat(parts: tuple[Expr, ...]) -> Expr:
    """Return the parts joined along dimension 0; neighbouring rows of one tensor are one again.

    Raises:
        ValueError: when types or inner shapes differ.
    """
    first = parts[0]
    if any(
        not part.shape or part.dtype != first.dtype or part.shape[1:] != first.shape[1:]
        for part in parts
    ):
        raise ValueError("only tensors of the same type and inner shape can be joined")
    joined: list[Expr] = []
    flat = (
        inner for part in parts for inner in (part.parts if isinstance(part, Concat) else (part,))
    )
    for part in flat:
        last = joined[-1] if joined else None
        if (
            isinstance(part, Rows)
            and isinstance(last, Rows)
            and last.of == part.of
            and last.stop == part.start
        ):
            joined[-1] = rows(part.of, last.start, part.stop)
        else:
            joined.append(part)
    return joined[0] if len(joined) == 1 else Concat(tuple(joined))


def swap_halves(of: Expr) -> Expr:
    """Return the second half of dimension 0 before the first (scale and shift exchanged)."""
    half = of.shape[0] // 2
    return concat((rows(of, half, of.shape[0]), rows(of, 0, half)))


def reshape(of: Expr, shape: tuple[int, ...]) -> Expr:
    """Return the same elements in another shape.

    Raises:
        ValueError: when the number of elements differs.
    """
    if prod(of.shape) != prod(shape):
        raise ValueError(f"a tensor of shape {list(of.shape)} has no shape {list(shape)}")
    if isinstance(of, Reshape):
        of = of.of
    return of if of.shape == shape else Reshape(of, shape)


def transpose(of: Expr) -> Expr:
    """Return a matrix transposed.

    Raises:
        ValueError: when it is not a matrix.
    """
    if len(of.shape) != 2:  # noqa: PLR2004 - a matrix has two dimensions
        raise ValueError(f"a tensor of shape {list(of.shape)} cannot be transposed")
    return of.of if isinstance(of, Transpose) else Transpose(of)


def cast(of: Expr, dtype: DType) -> Expr:
    """Return the values as another type; no cast where the type is right already."""
    return of if of.dtype is dtype else Cast(of, dtype)


def reads(expr: Expr) -> tuple[Read, ...]:
    """Return the source tensors an expression reads, in order of use."""
    match expr:
        case Read():
            return (expr,)
        case Constant() | Zeros():
            return ()
        case Concat(parts):
            return tuple(leaf for part in parts for leaf in reads(part))
        case Rows(of) | Reshape(of) | Transpose(of) | Cast(of) | Factor(of):
            return reads(of)
        case Blend(_, inputs):
            return tuple(leaf for part in inputs for leaf in reads(part))
        case AddAdapter(of, adapter):
            return (*reads(of), *(leaf for _, part in adapter.tensors for leaf in reads(part)))


def operation(expr: Expr) -> str:
    """Name the outermost thing that happens to the bytes, as ``save --dry-run`` prints it."""
    match expr:
        case Reshape(of):
            inner = operation(of)
            return "reshape" if inner == "copy" else inner
        case Cast(of):
            inner = operation(of)
            return "cast" if inner in {"copy", "reshape"} else f"{inner}+cast"
        case AddAdapter(of):
            inner = operation(of)
            return "adapter" if inner in {"copy", "cast"} else f"{inner}+adapter"
        case _:
            return _OPERATIONS[type(expr)]


_OPERATIONS = {
    Read: "copy",
    Constant: "constant",
    Zeros: "constant",
    Rows: "slice",
    Concat: "concat",
    Transpose: "transpose",
    Blend: "blend",
    Factor: "factor",
}
