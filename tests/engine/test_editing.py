"""Saving an edit of the metadata: the data stay, and where they can they are not even copied."""

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.numpy import load_file
from typing_extensions import override

from ckpt_studio.core.errors import PlanError, SourceChangedError, VerifyError
from ckpt_studio.core.metadata import RemoveKeys, SetValue
from ckpt_studio.engine.hash_cache import HashCache
from ckpt_studio.engine.hashing import hash_file
from ckpt_studio.engine.remembering import write_remembering
from ckpt_studio.engine.writing import WriteOptions, write
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.safetensors import read_checkpoint
from tests.making.edits import (
    BLOCK,
    TITLE,
    SharingFiles,
    data_sha256,
    data_start,
    edit,
    model,
)

HASHED = WriteOptions(hashes=True)


class NoSharing(Files):
    @override
    def share_range(self, source: int, start: int, target: int, to: int, count: int) -> None:
        raise AssertionError("nothing is to be shared")


@pytest.mark.parametrize("metadata", [{}, {"old": "x" * 5000}], ids=["longer", "shorter"])
def test_data_begin_at_the_same_place_of_a_block(tmp_path: Path, metadata: dict[str, str]) -> None:
    path = model(tmp_path / "m.safetensors", **metadata)
    before, start = data_sha256(path), data_start(path)
    write(edit(path, TITLE, RemoveKeys(frozenset(metadata))))
    head = path.read_bytes()[: data_start(path)]
    assert start % BLOCK == data_start(path) % BLOCK
    assert data_start(path) % 8 == 0
    assert head[8:9] == b"{"
    assert json.loads(head[8:])["__metadata__"] == {"title": "new"}
    assert len(head) - len(head.rstrip(b" ")) < BLOCK
    assert data_sha256(path) == before
    assert list(read_checkpoint(path).tensors) == ["a", "b"]
    assert set(load_file(path)) == {"a", "b"}


def test_whole_blocks_are_shared_and_only_the_bytes_around_them_are_copied(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors")
    before, size = data_sha256(path), path.stat().st_size
    files = SharingFiles()
    report = write(edit(path), files=files)
    ((start, stop),) = files.shared
    assert start - data_start(path) < BLOCK
    assert path.stat().st_size - stop < BLOCK
    assert report.shared == stop - start > size - 4 * BLOCK
    assert files.copied == report.bytes - data_start(path) - report.shared
    assert data_sha256(path) == before


def test_a_place_that_suits_no_tensor_is_not_kept(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors", pad=1, k="v" * next(odd_lengths(tmp_path)))
    assert data_start(path) % 8
    before = data_sha256(path)
    write(edit(path), files=NoSharing())
    assert data_start(path) % BLOCK == 0
    assert data_sha256(path) == before


def odd_lengths(folder: Path) -> Iterator[int]:
    for length in range(8):
        path = model(folder / "probe.safetensors", 16, pad=1, k="v" * length)
        if data_start(path) % 8 == 3:
            yield length
        path.unlink()


def test_what_is_read_back_is_a_copy_of_its_own(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors")
    before = data_sha256(path)
    report = write(edit(path), WriteOptions(verify=True), files=NoSharing())
    assert report.verified
    assert report.shared == 0
    assert data_sha256(path) == before


def test_the_same_edit_gives_the_same_bytes_wherever_it_is_saved(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors", old="1")
    outs = [tmp_path / f"{number}.safetensors" for number in range(3)]
    write(edit(path, output=outs[0]))
    write(edit(path, output=outs[1]), files=SharingFiles())
    write(edit(path, output=outs[2]), WriteOptions(verify=True, hashes=True))
    assert len({out.read_bytes() for out in outs}) == 1


@pytest.mark.parametrize("sharing", [True, False], ids=["shared", "copied"])
def test_autov3_is_taken_before_and_after_and_is_the_same(tmp_path: Path, sharing: bool) -> None:
    path = model(tmp_path / "m.safetensors")
    before = hash_file(path)
    report = write(edit(path), HASHED, files=SharingFiles() if sharing else Files())
    after = hash_file(path)
    assert report.autov3_before == before.autov3 == report.autov3 == after.autov3
    assert report.data_sha256 == before.data_sha256
    assert report.sha256 == after.sha256 != before.sha256
    assert bool(report.shared) is sharing


def test_data_that_come_out_otherwise_are_not_saved(tmp_path: Path) -> None:
    class Flipping(Files):
        @override
        def copy_range(self, source: int, start: int, target: int, to: int, count: int) -> int:
            done = super().copy_range(source, start, target, to, count)
            os.pwrite(target, bytes([os.pread(target, 1, to)[0] ^ 1]), to)
            return done

    path = model(tmp_path / "m.safetensors")
    whole = path.read_bytes()
    with pytest.raises(VerifyError, match="did not read back"):
        write(edit(path), HASHED, files=Flipping())
    with pytest.raises(VerifyError, match="did not read back"):
        write(edit(path), WriteOptions(hashes=True, known_data="0" * 64))
    assert path.read_bytes() == whole
    assert [each.name for each in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_hash_that_is_known_is_not_taken_again(tmp_path: Path) -> None:
    path, cache = model(tmp_path / "m.safetensors"), HashCache(tmp_path / "cache.json")
    asked: list[WriteOptions] = []

    def save(*edits: SetValue, hashes: bool = False) -> None:
        def run(plan, options):  # type: ignore[no-untyped-def]
            asked.append(options)
            reports.append(write(plan, options))
            return reports[-1]

        write_remembering(edit(path, *edits), WriteOptions(hashes=hashes), run, cache)

    reports = []
    save(SetValue("n", "1"))
    assert (reports[-1].autov3_before, reports[-1].autov3) == (None, None)
    known = cache.hashes(path)
    save(SetValue("n", "2"))
    save(SetValue("n", "3"))
    save(SetValue("n", "4"), hashes=True)
    for report in reports[1:]:
        assert report.autov3_before == report.autov3 == known.autov3
    assert [each.known_data for each in asked] == ["", *([known.data_sha256] * 3)]
    assert reports[-1].sha256 == hash_file(path).sha256
    assert cache.known(path) is None  # only that of the data is known of the file as it is now
    assert cache.data_sha256(path) == known.data_sha256
    path.write_bytes(path.read_bytes() + b" ")
    assert cache.data_sha256(path) is None


def test_the_date_moves_unless_asked_otherwise(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors")
    old = 1_600_000_000_123_456_789
    os.utime(path, ns=(old, old))
    write(edit(path, SetValue("n", "1")))
    assert path.stat().st_mtime_ns > old
    os.utime(path, ns=(old, old))
    report = write(edit(path, SetValue("n", "2")), WriteOptions(keep_date=True))
    assert path.stat().st_mtime_ns == old
    assert report.problems == ()
    out = tmp_path / "out.safetensors"
    write(edit(path, SetValue("n", "3"), output=out), WriteOptions(keep_date=True))
    assert out.stat().st_mtime_ns == old


def test_a_date_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    class NoDates(Files):
        @override
        def change_date(self, file: int | Path, date_ns: int) -> None:
            raise PermissionError(1, "no")

    path = model(tmp_path / "m.safetensors")
    report = write(edit(path), WriteOptions(keep_date=True), files=NoDates())
    assert [each.message for each in report.problems] == ["The date could not be kept"]


@pytest.mark.skipif(os.name == "nt", reason="owners and links are other things there")
def test_owner_mode_attributes_and_links_stay(tmp_path: Path) -> None:
    real = model(tmp_path / "real.safetensors")
    link, other = tmp_path / "link.safetensors", tmp_path / "other.safetensors"
    link.symlink_to(real.name)
    os.link(real, other)
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 1234, 4321)
    attributes = {}
    if hasattr(os, "setxattr"):
        os.setxattr(real, "user.note", b"mine")
        attributes = {"user.note": b"mine"}
    before, old = real.stat(), other.read_bytes()
    report = write(edit(link))
    after = real.stat()
    assert link.is_symlink()
    assert str(link.readlink()) == real.name
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert stat.S_IMODE(after.st_mode) == 0o640
    if attributes:
        assert {name: os.getxattr(real, name) for name in os.listxattr(real)} == attributes
    assert read_checkpoint(real).metadata == {"title": "new"}
    assert other.read_bytes() == old
    (told,) = report.problems
    assert (
        told.message == "real.safetensors had other names (hard links); they keep the old content"
    )


def test_a_file_that_changed_since_it_was_planned_is_not_replaced(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors")
    planned = edit(path)
    model(path, old="theirs")
    theirs = path.read_bytes()
    with pytest.raises(SourceChangedError, match="changed by another program"):
        write(planned)
    assert path.read_bytes() == theirs


def test_a_file_marked_read_only_is_not_replaced(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors")
    path.chmod(0o444)
    planned = edit(path)
    assert [problem.code for problem in planned.errors] == ["read-only-file"]
    assert planned.errors[0].message == "m.safetensors is read-only."
    with pytest.raises(PlanError, match="read-only"):
        write(planned)
    assert edit(path, output=tmp_path / "other.safetensors").errors == ()


def test_another_kind_of_file_has_no_autov3(tmp_path: Path) -> None:
    path, out = model(tmp_path / "m.safetensors"), tmp_path / "m.ckpt"
    report = write(edit(path, output=out), WriteOptions(hashes=True, known_data="0" * 64))
    assert report.sha256 == hash_file(out).sha256
    assert report.autov3 is report.autov3_before is None


def test_stored_hashes_stay_right_but_for_the_one_over_training_keys(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors", sshs_legacy_hash="12345678", ss_note="a")
    stored = {"modelspec.hash_sha256": f"0x{data_sha256(path)}"}
    stored["sshs_model_hash"] = data_sha256(path)
    edits = [SetValue(key, value) for key, value in stored.items()]
    planned = edit(path, *edits)
    assert planned.problems == ()
    report = write(planned, HASHED)
    assert report.problems == ()
    assert stored.items() <= read_checkpoint(path).metadata.items()
    planned = edit(path, SetValue("ss_note", "b"))
    assert [each.code for each in planned.problems] == ["legacy-hash"]
    report = write(edit(path, SetValue("sshs_model_hash", "0" * 64)), HASHED)
    assert [each.code for each in report.problems] == ["wrong-hash:sshs_model_hash"]


@pytest.mark.parametrize("kind", ["xfs", "btrfs"])
def test_a_real_file_system_shares_the_blocks(tmp_path: Path, kind: str) -> None:
    folder = mounted(tmp_path, kind)
    try:
        path = model(folder / "m.safetensors", 64 << 20)
        before = data_sha256(path)
        os.sync()
        free = os.statvfs(folder).f_bfree * os.statvfs(folder).f_frsize
        report = write(edit(path, output=folder / "copy.safetensors"))
        os.sync()
        left = os.statvfs(folder).f_bfree * os.statvfs(folder).f_frsize
        assert report.shared > 63 << 20
        assert free - left < 4 << 20
        assert data_sha256(folder / "copy.safetensors") == before
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def mounted(folder: Path, kind: str) -> Path:
    image, place = folder / "disk", folder / "mounted"
    place.mkdir()
    image.touch()
    os.truncate(image, 400 << 20)
    if not shutil.which(f"mkfs.{kind}"):
        pytest.skip(f"needs mkfs.{kind}")
    for command in ([f"mkfs.{kind}", "-q", str(image)], ["mount", "-o", "loop", image, place]):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount a disk")
    return place
