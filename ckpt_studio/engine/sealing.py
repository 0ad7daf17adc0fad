"""Put the CRC-32 of every tensor where its archive keeps it, behind those who write the tensors."""

import zlib

from typing_extensions import override

from ckpt_studio.engine.copying import write_all
from ckpt_studio.engine.following import Follower, Watermark
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.torch_zip_writing import TorchZip


class Sealer(Follower):
    """Writes the header before each tensor once its bytes are there, and the directory at the end.

    ``sealed`` is how far the file is as it will be; hashes are taken behind it. ``crcs`` are those
    of the tensors so far.
    """

    def __init__(
        self, files: Files, file: int, mark: Watermark, archive: TorchZip, sealed: Watermark
    ) -> None:
        super().__init__(files, file, mark, "CRC-32")
        self.crcs: list[int] = []
        self._archive = archive
        self._sealed = sealed
        _open_gaps(archive, mark)

    @override
    def follow(self) -> None:
        try:
            self._seal()
        except OSError:
            self._sealed.stop()  # nothing more will come
            raise

    def _seal(self) -> None:
        for start, stop in self._archive.spans:
            crc = 0
            for part in self.parts(start, stop):
                crc = zlib.crc32(part, crc)
            if self.at < stop:
                return
            self._write(self._archive.local_header(len(self.crcs), crc), ending=start, until=stop)
            self.crcs.append(crc)
        tail = self._archive.directory(self.crcs)
        size = self._archive.size
        self._write(tail, ending=size, until=size)

    def _write(self, data: bytes, *, ending: int, until: int) -> None:
        write_all(self._files, self._file, data, ending - len(data))
        self._sealed.complete(ending - len(data), until)


def _open_gaps(archive: TorchZip, mark: Watermark) -> None:
    """Let the readers pass the places of headers, which come after what follows them."""
    before = len(archive.head)
    for start, stop in archive.spans:
        mark.complete(before, start)
        before = stop
