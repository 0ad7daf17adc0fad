"""Lay out a PyTorch file (1.6 and later): a zip of one pickle and a record for every tensor.

Only the records that PyTorch 1.6 wrote are there: `data.pkl`, `version` and `data/N`. Loaders of
its time that look for harmful files refuse archives with other names, `byteorder` among them.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence

from ckpt_studio.formats.encoding import Described
from ckpt_studio.formats.torch_pickle_writing import encode_state
from ckpt_studio.formats.zip_writing import Slot, directory, local_header, slot_at

_ROOT = "archive/"


class TorchZip:
    """Where everything stands in a PyTorch file; the bytes of the tensors come later.

    ``head`` is the file up to the header of the first tensor. The header and the directory hold the
    CRC-32 of the bytes of a tensor, so they can only be written after it.
    """

    def __init__(self, rows: Sequence[Described], metadata: Mapping[str, str]) -> None:
        self.head = b""
        self._first: list[Slot] = []
        self._first_crcs: list[int] = []
        self._add("data.pkl", encode_state(rows, metadata))
        self._add("version", b"3\n")
        self._slots: list[Slot] = []
        position = len(self.head)
        for index, row in enumerate(rows):
            slot = slot_at(position, f"{_ROOT}data/{index}", row.nbytes)
            self._slots.append(slot)
            position = slot.end
        self.size = position + len(self.directory([0] * len(rows)))

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Begin and end of the bytes of every tensor, in the order of the rows."""
        return [(slot.data, slot.end) for slot in self._slots]

    def local_header(self, row: int, crc: int) -> bytes:
        """Return what stands right before the bytes of a tensor with that CRC-32."""
        return local_header(self._slots[row], crc)

    def directory(self, crcs: Sequence[int]) -> bytes:
        """Return the end of the file, after the tensors; ``crcs`` are those of the tensors."""
        return directory([*self._first, *self._slots], [*self._first_crcs, *crcs])

    def around(self, crcs: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """Yield everything but the bytes of the tensors, each with its position."""
        yield 0, self.head
        for row, slot in enumerate(self._slots):
            yield slot.header, self.local_header(row, crcs[row])
        tail = self.directory(crcs)
        yield self.size - len(tail), tail

    def _add(self, name: str, data: bytes) -> None:
        slot, crc = slot_at(len(self.head), _ROOT + name, len(data)), zlib.crc32(data)
        self.head += local_header(slot, crc) + data
        self._first.append(slot)
        self._first_crcs.append(crc)
