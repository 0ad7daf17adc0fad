"""The hashes of a model: those of each file it lies in, held against what the file says of itself.

Nobody asks for the hashes of a list of shards: an index stands for its shards, a folder for the
files of its parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from ckpt_studio.core.stored_hashes import StoredHash, stored_hashes
from ckpt_studio.engine.hash_cache import HashCache
from ckpt_studio.engine.hashing import Hashes
from ckpt_studio.formats.opening import is_model_index, read_any
from ckpt_studio.formats.single import read_single


@dataclass(frozen=True, slots=True)
class FileHashes:
    """The hashes of one file, and those that its metadata hold."""

    path: Path
    hashes: Hashes
    stored: tuple[StoredHash, ...] = ()


def hashed_files(path: Path) -> tuple[Path, ...]:
    """Return the files whose hashes are meant: the shards of an index, those of a folder, or it.

    Raises:
        FormatError: it is an index or a folder of no model, or some of its files are missing.
    """
    if not (is_model_index(path) or path.is_dir()):
        return (path,)
    return tuple(dict.fromkeys(file.path for file in read_any(path).files))


def take_hashes(
    files: Sequence[Path],
    cache: HashCache,
    *,
    anew: bool = False,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[FileHashes, ...]:
    """Return the hashes of each file; they are read unless the cache knows them.

    With ``anew`` they are read whatever the cache knows. Progress counts the bytes of all of them.

    Raises:
        FormatError: a file is missing, or cannot be read.
        SourceChangedError: a file changed meanwhile.
        Cancelled: the token was raised.
    """
    sizes = [_size(file) for file in files]
    found: list[FileHashes] = []
    for number, file in enumerate(files):
        before, total = sum(sizes[:number]), sum(sizes)

        def of_all(told: Progress, before: int = before, total: int = total) -> None:
            progress(Progress(before + told.done, total, told.label, told.phase))

        take = cache.take if anew else cache.hashes
        found.append(_judged(file, take(file, progress=of_all, cancel=cancel)))
    return tuple(found)


def known_hashes(files: Sequence[Path], cache: HashCache) -> tuple[FileHashes, ...] | None:
    """Return the hashes of each file if the cache knows all of them; only headers are read.

    Raises:
        FormatError: a file is missing.
    """
    found: list[FileHashes] = []
    for file in files:
        hashes = cache.known(file)
        if hashes is None:
            return None
        found.append(_judged(file, hashes))
    return tuple(found)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # reading it says why


def _judged(path: Path, hashes: Hashes) -> FileHashes:
    told = stored_hashes(_metadata(path), hashes.data_sha256) if hashes.data_sha256 else ()
    return FileHashes(path, hashes, told)


def _metadata(path: Path) -> Mapping[str, str]:
    try:
        return read_single(path).metadata
    except FormatError:
        return {}  # any file has hashes; only models have metadata
