"""What a checkpoint header says about its tensors."""

from dataclasses import dataclass
from enum import Enum
from math import prod


class DType(Enum):
    """Element types by their safetensors name and size in bits.

    The order is the order in which safetensors 0.8 lays out tensors in a file (its own enum,
    descending; measured, see ``formats.md`` 6 and the writer in safetensors' ``tensor.rs``).
    """

    U64 = ("U64", 64)
    I64 = ("I64", 64)
    F64 = ("F64", 64)
    C64 = ("C64", 64)
    F32 = ("F32", 32)
    U32 = ("U32", 32)
    I32 = ("I32", 32)
    BF16 = ("BF16", 16)
    F16 = ("F16", 16)
    U16 = ("U16", 16)
    I16 = ("I16", 16)
    F8_E5M2FNUZ = ("F8_E5M2FNUZ", 8)
    F8_E4M3FNUZ = ("F8_E4M3FNUZ", 8)
    F8_E8M0 = ("F8_E8M0", 8)
    F8_E4M3 = ("F8_E4M3", 8)
    F8_E5M2 = ("F8_E5M2", 8)
    I8 = ("I8", 8)
    U8 = ("U8", 8)
    F6_E3M2 = ("F6_E3M2", 6)
    F6_E2M3 = ("F6_E2M3", 6)
    F4 = ("F4", 4)
    BOOL = ("BOOL", 8)

    def __init__(self, label: str, bits: int) -> None:
        self.label = label
        self.bits = bits

    @property
    def convertible(self) -> bool:
        """Whether a plain cast to another float keeps the meaning of the values."""
        return self in _CONVERTIBLE

    def nbytes(self, shape: tuple[int, ...]) -> int:
        """Size in bytes of a tensor of this type; sub-byte types are packed."""
        return (prod(shape) * self.bits + 7) // 8


_CONVERTIBLE = frozenset(
    {DType.F64, DType.F32, DType.F16, DType.BF16, DType.F8_E4M3, DType.F8_E5M2}
)
DTYPES: dict[str, DType] = {member.label: member for member in DType}
FILE_RANK: dict[DType, int] = {member: rank for rank, member in enumerate(DType)}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One row of the tensor table.

    ``offset`` counts bytes from the start of the file that holds the data, ``shard`` is the index
    of that file in ``Checkpoint.files``.
    """

    name: str
    dtype: DType
    shape: tuple[int, ...]
    offset: int
    nbytes: int
    shard: int = 0

    @property
    def parameters(self) -> int:
        """Number of elements."""
        return prod(self.shape)
