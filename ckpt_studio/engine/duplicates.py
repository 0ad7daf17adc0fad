"""Find tensors that are stored more than once: alike in type and shape, then in content."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback
from ckpt_studio.core.tensors import TensorInfo
from ckpt_studio.engine.sources import Sources

_LEAST_BYTES = 64 << 10
_SAMPLE = 4 << 10
_STEP = 1 << 20
_PLAIN = 4


@dataclass(frozen=True, slots=True)
class DuplicateSearch:
    """Looks through the tensors of the first of some sources.

    Small tensors are left out, and those with hardly more than one value: norms that are all ones.
    Two names of the same bytes are no duplicates.
    """

    sources: Sources
    progress: ProgressCallback
    cancel: CancelToken

    def groups(self, tensors: Iterable[TensorInfo]) -> list[tuple[str, ...]]:
        """Return the names of each content that is stored more than once, the largest first.

        Raises:
            SourceChangedError, FormatError: the file changed or cannot be read.
            Cancelled: the token was raised.
        """
        places = {
            (tensor.shard, tensor.offset): tensor
            for tensor in tensors
            if tensor.nbytes >= _LEAST_BYTES
        }
        alike = self._alike(places.values())
        total, done = sum(tensor.nbytes for group in alike for tensor in group), 0
        found: dict[tuple[object, ...], list[TensorInfo]] = {}
        for group in alike:
            for tensor in group:
                found.setdefault((tensor.dtype, tensor.shape, self._hash(tensor)), []).append(
                    tensor
                )
                done += tensor.nbytes
                self.progress(Progress(done, total, tensor.name, "Looking for copies"))
        same = [group for group in found.values() if len(group) > 1]
        same.sort(key=lambda group: -group[0].nbytes)
        return [tuple(tensor.name for tensor in group) for group in same]

    def _alike(self, tensors: Iterable[TensorInfo]) -> list[list[TensorInfo]]:
        """Return tensors that have type, shape and a few samples in common."""
        by_shape: dict[tuple[object, ...], list[TensorInfo]] = {}
        for tensor in tensors:
            by_shape.setdefault((tensor.dtype, tensor.shape), []).append(tensor)
        by_sample: dict[tuple[object, ...], list[TensorInfo]] = {}
        for key, group in by_shape.items():
            for tensor in group if len(group) > 1 else ():
                self.cancel.raise_if_cancelled()
                sample = self._sample(tensor)
                if len(set(sample)) > _PLAIN:
                    by_sample.setdefault((*key, sample), []).append(tensor)
        return [group for group in by_sample.values() if len(group) > 1]

    def _sample(self, tensor: TensorInfo) -> bytes:
        middle = (tensor.nbytes - _SAMPLE) // 2
        return b"".join(
            self._read(tensor, at, _SAMPLE) for at in (0, middle, tensor.nbytes - _SAMPLE)
        )

    def _hash(self, tensor: TensorInfo) -> bytes:
        content = hashlib.blake2b(digest_size=16)
        for at in range(0, tensor.nbytes, _STEP):
            self.cancel.raise_if_cancelled()
            content.update(self._read(tensor, at, min(_STEP, tensor.nbytes - at)))
        return content.digest()

    def _read(self, tensor: TensorInfo, at: int, size: int) -> bytes:
        part = bytearray(size)
        self.sources.read((0, tensor.shard), memoryview(part), tensor.offset + at)
        return bytes(part)
