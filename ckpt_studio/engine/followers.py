"""All that is read from a file while it is written: CRC-32s for an archive, hashes of the whole."""

from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback
from ckpt_studio.engine.following import Follower, Hasher, Watermark
from ckpt_studio.engine.image import Image
from ckpt_studio.engine.sealing import Sealer
from ckpt_studio.formats.files import Files

_TICK_S = 0.05


class Followers:
    """The followers of one file; a context manager around its writing.

    Writers tell ``mark`` what is complete.
    """

    def __init__(self, files: Files, file: int, image: Image, *, hashes: bool) -> None:
        self._size = image.size
        self.mark = Watermark(len(image.head))
        self._sealed = Watermark(len(image.head)) if image.archive else self.mark
        self._sealers = (
            [Sealer(files, file, self.mark, image.archive, self._sealed)] if image.archive else []
        )
        starts = [0] if image.data_start is None else [0, image.data_start]
        self._hashers = [
            Hasher(files, file, self._sealed, start, image.size)
            for start in (starts if hashes else [])
        ]

    @property
    def crcs(self) -> tuple[int, ...]:
        """The CRC-32 of every tensor of an archive, when all are finished."""
        return tuple(crc for sealer in self._sealers for crc in sealer.crcs)

    @property
    def _all(self) -> list[Follower]:
        return [*self._sealers, *self._hashers]

    def __enter__(self) -> "Followers":
        """Start all of them."""
        try:
            for follower in self._all:
                follower.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop those that still wait."""
        self.mark.stop()
        self._sealed.stop()
        for follower in self._all:
            follower.join()

    def finish(self, progress: ProgressCallback, cancel: CancelToken) -> list[str]:
        """Wait until the file is complete; return SHA-256 of the file and, if it has one, AutoV3.

        Raises:
            OSError: the file could not be read, or its headers not be written.
            Cancelled: the token was raised.
        """
        for follower in self._all:
            while follower.running:
                follower.join(_TICK_S)
                cancel.raise_if_cancelled()
                progress(Progress(follower.at, self._size, follower.label, "Checking"))
            follower.finish()
        return [hasher.hexdigest() for hasher in self._hashers]
