"""Hashes that were taken before, as long as their files have not changed since."""

import json
import os
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path

from ckpt_studio.core.checkpoint import Signature
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.progress import CancelToken, ProgressCallback, ignore_progress
from ckpt_studio.engine.hashing import Hashes, hash_file
from ckpt_studio.formats.files import signature_of
from ckpt_studio.formats.new_file import new_file

_VERSION = 1
_MOST = 2_000
_LARGEST_BYTES = 16 << 20
_NAMES = tuple(field.name for field in fields(Hashes))


def cache_file() -> Path:
    """Return where this user's hashes are kept, by the custom of the system."""
    if os.name == "nt":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif os.environ.get("XDG_CACHE_HOME"):
        folder = Path(os.environ["XDG_CACHE_HOME"])
    else:
        folder = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return folder / "ckpt-studio" / "hashes.json"


class HashCache:
    """Remembers the hashes of files in one small JSON file.

    A file is the same while its size, its times and its place on the disk are: that of the last
    change of its entry cannot be set back, unlike the one of its content (``ux.md`` 0.6). A cache
    that is damaged, or cannot be written, only means that hashes are taken again.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Use that file, by default the one of this user."""
        self._path = path or cache_file()
        self._lock = threading.Lock()

    def hashes(
        self,
        path: Path | str,
        *,
        progress: ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Hashes:
        """Return the hashes of a file, from the cache where they are known.

        Raises:
            FormatError: it is missing, no plain file, or cannot be read.
            SourceChangedError: it changed meanwhile.
            Cancelled: the token was raised.
        """
        known = self.known(Path(path))
        return known or self.take(path, progress=progress, cancel=cancel)

    def take(
        self,
        path: Path | str,
        *,
        progress: ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Hashes:
        """Read a file, whatever is known of it, and remember its hashes.

        Raises:
            FormatError: it is missing, no plain file, or cannot be read.
            SourceChangedError: it changed meanwhile.
            Cancelled: the token was raised.
        """
        path = Path(path)
        before = signature_of(path)
        found = hash_file(path, progress=progress, cancel=cancel)
        if signature_of(path) == before:
            self._keep(path, before, {"hashes": asdict(found)})
        return found

    def known(self, path: Path) -> Hashes | None:
        """Return the hashes of a file if they were taken before; nothing but its status is read.

        Raises:
            FormatError: it is missing, or no plain file.
        """
        values = self._entry(path).get("hashes")
        if not isinstance(values, dict) or set(values) != set(_NAMES):
            return None
        if not all(value is None or isinstance(value, str) for value in values.values()):
            return None
        return Hashes(**values)

    def data_sha256(self, path: Path) -> str | None:
        """Return the SHA-256 of the data of a safetensors file, where it is known.

        Raises:
            FormatError: it is missing, or no plain file.
        """
        known = self.known(path)
        if known is not None:
            return known.data_sha256
        value = self._entry(path).get("data_sha256")
        return value if isinstance(value, str) else None

    def note_data(self, path: Path, data_sha256: str) -> None:
        """Remember the hash of the data of a file that was just written.

        Raises:
            FormatError: it is missing, or no plain file.
        """
        if self.known(path) is None:
            self._keep(path, signature_of(path), {"data_sha256": data_sha256})

    def _entry(self, path: Path) -> dict[str, object]:
        """Return what is kept about a file as it is now."""
        entry = self._entries().get(_key(path))
        if isinstance(entry, dict) and entry.get("file") == _mark(signature_of(path)):
            return entry
        return {}

    def _keep(self, path: Path, before: Signature, found: dict[str, object]) -> None:
        with self._lock:
            entries = self._entries()
            entries.pop(_key(path), None)  # the newest stands last
            entries[_key(path)] = {"file": _mark(before), **found}
            while len(entries) > _MOST:
                del entries[next(iter(entries))]
            text = json.dumps({"version": _VERSION, "files": entries})
            with suppress(OSError):  # then it is taken again the next time
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with new_file(self._path) as file:
                    file.write(text.encode("utf-8", "surrogatepass"))

    def _entries(self) -> dict[str, object]:
        try:
            if signature_of(self._path).size > _LARGEST_BYTES:
                return {}
            text = self._path.read_bytes().decode("utf-8", "surrogatepass")
            document = json.loads(text)
        except (FormatError, OSError, ValueError, RecursionError):
            return {}
        if not isinstance(document, dict) or document.get("version") != _VERSION:
            return {}
        entries = document.get("files")
        return entries if isinstance(entries, dict) else {}


def _key(path: Path) -> str:
    return str(path.resolve())


def _mark(signature: Signature) -> list[int]:
    """Return what tells that a file is the same; the number of its disk may change at a start."""
    return [signature.size, signature.mtime_ns, signature.ctime_ns, signature.inode]
