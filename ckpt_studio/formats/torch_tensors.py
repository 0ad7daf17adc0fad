"""Checks the numbers of a tensor against its storage, and finds its bytes in the file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

from ckpt_studio.core.checkpoint import Gathered, Inflated, Made
from ckpt_studio.core.tensors import TensorInfo
from ckpt_studio.formats.shown import shown
from ckpt_studio.formats.symbolic import OtherTensor, PickleError, Storage, Tensor, damaged

_MOST_DIMENSIONS = 64
_MOST_ELEMENTS = 2**63 - 1
_INTEGERS = (list, tuple)
_LARGEST_SPREAD = 256 << 20
_SAVE_AGAIN = "Save it again with the program that made it, as safetensors if possible."


@dataclass(frozen=True, slots=True)
class Block:
    """Where the bytes of a storage lie: ``stored`` bytes, which are ``size`` when unpacked."""

    offset: int
    stored: int
    size: int
    packed: bool = False


class Table:
    """Collects tensors, and the files that have to be made for those with no plain bytes."""

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        self._blocks = blocks
        self._made: dict[Made, int] = {}
        self.tensors: list[TensorInfo] = []

    @property
    def made(self) -> tuple[Made, ...]:
        """What stands behind the files after the first one."""
        return tuple(self._made)

    @property
    def data_bytes(self) -> int:
        """Bytes of the file that belong to storages."""
        return sum(block.stored for block in self._blocks.values())

    def add(self, name: str, tensor: Tensor | OtherTensor) -> None:
        """Check a tensor and add it.

        Raises:
            PickleError: its numbers lie, or it has no plain bytes.
        """
        if isinstance(tensor, OtherTensor):
            raise PickleError(
                f'holds "{shown(name)}", which is {tensor.what}: unsupported', _SAVE_AGAIN
            )
        shape, stride, offset = _numbers(name, tensor)
        block = self._block(name, tensor.storage)
        item = tensor.dtype.bits * (2 if tensor.packed else 1) // 8
        last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
        used = (last + 1) * item if prod(shape) else 0
        if used > block.size or offset * item > block.size:
            raise damaged(
                f'the tensor "{shown(name)}" reaches out of bounds of its storage: it needs '
                f"{max(used, offset * item):,} bytes of {block.size:,}"
            )
        lies = Gathered(offset * item, shape, stride, item)
        start, shard = self._place(name, block, lies)
        shown_shape = (*shape[:-1], shape[-1] * 2) if tensor.packed and shape else shape
        size = prod(shape) * item
        self.tensors.append(TensorInfo(name, tensor.dtype, shown_shape, start, size, shard))

    def _block(self, name: str, storage: Storage) -> Block:
        block = self._blocks.get(storage.key)
        if block is None:
            raise damaged(
                f'the storage data/{shown(storage.key)} of "{shown(name)}" is missing in the file'
            )
        item = storage.dtype.bits // 8 if storage.dtype else 1
        if storage.length * item != block.size:
            raise damaged(
                f'the storage data/{shown(storage.key)} of "{shown(name)}" should have '
                f"{storage.length * item:,} bytes but has {block.size:,} (size mismatch)"
            )
        return block

    def _place(self, name: str, block: Block, lies: Gathered) -> tuple[int, int]:
        """Return the position of the first byte and the index of the file."""
        inside = Inflated(block.offset, block.stored, block.size) if block.packed else None
        begin = lies.offset if inside else block.offset + lies.offset
        if _is_plain(lies.shape, lies.stride):
            return begin, self._file(inside) if inside else 0
        size = prod(lies.shape) * lies.item
        if size > max(block.size, _LARGEST_SPREAD):
            raise PickleError(
                f'spreads "{shown(name)}" to {size:,} bytes, far more than the '
                f"{block.size:,} bytes of its storage: too large",
                _SAVE_AGAIN,
            )
        return 0, self._file(replace(lies, offset=begin, inside=inside))

    def _file(self, made: Made) -> int:
        return self._made.setdefault(made, len(self._made) + 1)


def _numbers(name: str, tensor: Tensor) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    shape = _integers(name, "size", tensor.shape)
    if prod(size or 1 for size in shape) * max(8, tensor.dtype.bits) > _MOST_ELEMENTS:
        raise damaged(f'the tensor "{shown(name)}" has a size that is too large (overflow)')
    stride = _plain(shape) if tensor.stride is None else _integers(name, "stride", tensor.stride)
    if len(stride) != len(shape):
        raise damaged(f'the tensor "{shown(name)}" has {len(stride)} strides for its size')
    if type(tensor.offset) is not int:
        raise damaged(f'the tensor "{shown(name)}" has an offset that is no integer')
    if tensor.offset < 0:
        raise damaged(f'the tensor "{shown(name)}" has a negative offset (out of bounds)')
    return shape, stride, tensor.offset + tensor.storage.start


def _integers(name: str, what: str, values: object) -> tuple[int, ...]:
    if not isinstance(values, _INTEGERS) or len(values) > _MOST_DIMENSIONS:
        raise damaged(f'the tensor "{shown(name)}" has a {what} that is no short list of integers')
    if any(type(value) is not int for value in values):
        raise damaged(f'the tensor "{shown(name)}" has a {what} that is no list of integers')
    if any(not 0 <= value <= _MOST_ELEMENTS for value in values):
        raise damaged(f'the tensor "{shown(name)}" has a {what} that is negative or too large')
    return tuple(values)


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of C order."""
    strides = [1]
    for size in reversed(shape[1:]):
        strides.append(strides[-1] * size)
    return tuple(reversed(strides)) if shape else ()


def _is_plain(shape: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether the elements lie in C order; the stride of a dimension of one says nothing."""
    return not prod(shape) or all(
        size == 1 or step == wanted
        for size, step, wanted in zip(shape, stride, _plain(shape), strict=True)
    )
