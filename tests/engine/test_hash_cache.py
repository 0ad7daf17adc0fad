"""Hashes are taken once for a file, and again when it may be another."""

import os
from pathlib import Path

import pytest

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.stored_hashes import StoredHash, stored_hashes, wrong_hashes
from ckpt_studio.engine.hash_cache import HashCache
from ckpt_studio.engine.hashing import hash_file
from tests.making.plans import write_source

REFUSED = b"\xff", b"[]", b'{"version":9}', b'{"version":1,"files":[]}', b"[" * 100_000


def test_a_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(bytes(100))
    cache = HashCache(tmp_path / "deep" / "cache.json")
    assert cache.known(path) is None
    seen: list[object] = []
    first = cache.hashes(path, progress=seen.append)
    assert first == hash_file(path)
    read = len(seen)
    again = HashCache(tmp_path / "deep" / "cache.json")
    assert again.hashes(str(path), progress=seen.append) == first
    assert again.known(path) == first
    assert len(seen) == read


def test_an_edit_that_restores_the_date_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(bytes(100))
    cache = HashCache(tmp_path / "cache.json")
    first = cache.hashes(path)
    times = path.stat()
    path.write_bytes(b"x" * 100)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert cache.known(path) is None
    assert cache.hashes(path) == hash_file(path) != first
    with pytest.raises(FormatError):
        cache.hashes(tmp_path / "missing")


@pytest.mark.parametrize("content", REFUSED)
def test_a_damaged_cache_is_started_again(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(b"abc")
    store = tmp_path / "cache.json"
    store.write_bytes(content)
    assert HashCache(store).hashes(path) == hash_file(path)
    assert HashCache(store).known(path) == hash_file(path)


def test_damaged_entries_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(b"abc")
    store = tmp_path / "cache.json"
    HashCache(store).hashes(path)
    whole = store.read_text()
    for old, new in (('"sha256"', '"sha"'), ('"352441c2"', "5"), ('"hashes"', '"h"')):
        assert old in whole
        store.write_text(whole.replace(old, new))
        assert HashCache(store).known(path) is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(b"abc")
    (tmp_path / "file").write_bytes(b"")
    assert HashCache(tmp_path / "file" / "cache.json").hashes(path) == hash_file(path)


def test_hashes_in_the_metadata_are_held_against_the_tensors(tmp_path: Path) -> None:
    tensors = {"w": ("U8", [3], b"abc")}
    right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    metadata = {"sshs_model_hash": nothing, "other": "x", "modelspec.hash_sha256": f"0x{right}"}
    source = write_source(tmp_path / "m.safetensors", tensors, metadata)
    data = hash_file(source.path).data_sha256
    assert data == right
    assert stored_hashes(source.metadata, data) == (
        StoredHash("sshs_model_hash", nothing, right=False),
        StoredHash("modelspec.hash_sha256", f"0x{right}", right=True),
    )
    (problem,) = wrong_hashes(source.metadata, data)
    assert "empty file" in problem.message
    assert problem.code == "wrong-hash:sshs_model_hash"
    (other,) = wrong_hashes({"sshs_model_hash": "00" * 32}, data)
    assert "not that of the tensors" in other.message
