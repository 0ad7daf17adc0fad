"""All that is read from a file while it is written: CRC-32s for an archive, hashes of the whole."""

from dataclasses import dataclass

from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback
from ckpt_studio.engine.following import Comparer, Follower, Hasher, Watermark
from ckpt_studio.engine.image import Image
from ckpt_studio.engine.sealing import Sealer
from ckpt_studio.formats.files import Files

_TICK_S = 0.05


@dataclass(frozen=True, slots=True)
class Sums:
    """SHA-256 of the new file and of its data; None were not taken.

    ``same`` says whether the data were compared with those of the source, and found the same.
    """

    whole: str | None = None
    data: str | None = None
    same: bool | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """An open file that should hold the same data, and where they begin in it."""

    file: int
    data_start: int


class Followers:
    """The followers of one file; a context manager around its writing.

    Writers tell ``mark`` what is complete. The data of an ``original`` are read just after they
    were copied, when they need not come from the disk again.
    """

    def __init__(
        self,
        files: Files,
        file: int,
        image: Image,
        *,
        hashes: bool,
        original: Original | None = None,
    ) -> None:
        self._size = image.size
        self.mark = Watermark(len(image.head))
        self._sealed = Watermark(len(image.head)) if image.archive else self.mark
        self._sealers = (
            [Sealer(files, file, self.mark, image.archive, self._sealed)] if image.archive else []
        )
        end = image.size
        self._hashers: dict[str, Hasher] = {}
        self._comparers: list[Comparer] = []
        if hashes:
            self._hashers["whole"] = Hasher(files, file, self._sealed, 0, end)
        if hashes and image.data_start is not None:
            start = image.data_start
            self._hashers["data"] = Hasher(files, file, self._sealed, start, end)
            if original:
                other = (original.file, original.data_start - start)
                comparer = Comparer(files, file, self.mark, range(start, end), other)
                self._comparers.append(comparer)

    @property
    def crcs(self) -> tuple[int, ...]:
        """The CRC-32 of every tensor of an archive, when all are finished."""
        return tuple(crc for sealer in self._sealers for crc in sealer.crcs)

    @property
    def _all(self) -> list[Follower]:
        return [*self._sealers, *self._hashers.values(), *self._comparers]

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

    def finish(self, progress: ProgressCallback, cancel: CancelToken) -> Sums:
        """Wait until the file is complete; return the hashes.

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
        same = all(each.same for each in self._comparers) if self._comparers else None
        return Sums(**{name: each.hexdigest() for name, each in self._hashers.items()}, same=same)
