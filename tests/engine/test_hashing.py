"""Hashes of a file against their definitions."""

import hashlib
import os
import zlib
from pathlib import Path

import pytest

from ckpt_studio.core.errors import Cancelled, FormatError, SourceChangedError
from ckpt_studio.core.progress import CancelToken, Progress
from ckpt_studio.engine.hashing import hash_file
from tests.making.plans import write_source


def test_all_hashes_of_a_safetensors_file(tmp_path: Path) -> None:
    data = os.urandom(11 << 20)
    source = write_source(tmp_path / "m.safetensors", {"w": ("U8", [len(data)], data)})
    content = source.path.read_bytes()
    found = hash_file(source.path)
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.autov1 == hashlib.sha256(content[0x100000:0x110000]).hexdigest()[:8]
    assert found.autov2 == found.sha256[:10]
    assert found.data_sha256 == hashlib.sha256(data).hexdigest()
    assert found.autov3 == found.data_sha256[:12]
    assert found.crc32 == f"{zlib.crc32(content):08x}"


def test_known_values_of_a_small_file(tmp_path: Path) -> None:
    path = tmp_path / "small.bin"
    path.write_bytes(b"abc")
    found = hash_file(path)
    assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (found.crc32, found.autov1, found.autov3) == ("352441c2", None, None)
    path.write_bytes(b"")
    assert hash_file(path).crc32 == "00000000"


def test_progress_cancel_and_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(bytes(20 << 20))
    seen: list[Progress] = []
    hash_file(path, progress=seen.append)
    assert [p.done >> 20 for p in seen] == [0, 4, 8, 12, 16, 20]
    assert {(p.total, p.phase) for p in seen} == {(20 << 20, "Reading")}
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        hash_file(path, cancel=token)
    with pytest.raises(FormatError, match="is a folder"):
        hash_file(tmp_path)


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(bytes(20 << 20))

    def shorten(progress: Progress) -> None:
        if progress.done == 8 << 20:
            os.truncate(path, 12 << 20)

    with pytest.raises(SourceChangedError, match="was changed while it was read"):
        hash_file(path, progress=shorten)
