"""Saving an edit in place while things go wrong: the old file or the new one, nothing else."""

import errno
from pathlib import Path

import pytest

from ckpt_studio.core.errors import Cancelled, CkptStudioError, SourceChangedError
from ckpt_studio.core.progress import CancelToken, Progress
from ckpt_studio.engine.writing import WriteOptions, write
from tests.making.edits import SharingFiles, data_sha256, edit, model
from tests.making.faults import Watched, contents, counting, failing, meddling, nothing_new_in

CODES = [errno.EIO, errno.ENOSPC, errno.EACCES, errno.EOPNOTSUPP]
MIB = 1 << 20
ALL = WriteOptions(hashes=True, keep_date=True, threads=1)
HARMLESS = {"leftover", "not-confirmed", "lost-properties"}


def sharing(before: Watched) -> Watched:
    """The same faults on a file system that shares blocks."""
    before.share_range = before._wrapped("share_range", SharingFiles().share_range)
    return before


def test_each_call_of_an_edit_fails_once(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors", MIB + MIB // 2)
    old, data = path.read_bytes(), data_sha256(path)
    calls = sharing(counting())
    write(edit(path), ALL, files=calls)
    new = path.read_bytes()
    assert {"share_range", "change_date"} <= set(calls.names)
    refused = 0
    for number in range(1, calls.count + 1):
        for code in CODES:
            path.write_bytes(old)
            files = sharing(failing(number, code))
            try:
                report = write(edit(path), ALL, files=files)
            except CkptStudioError:
                refused += 1

                assert path.read_bytes() == old, files.names
            else:
                assert path.read_bytes() == new
                assert data_sha256(path) == data
                assert {each.code for each in report.problems} <= HARMLESS
            assert list(contents(tmp_path)) == ["m.safetensors"]
    assert refused > calls.count


@pytest.mark.parametrize("moment", ["share_range", "copy_range", "sync", "change_date"])
def test_a_file_that_somebody_writes_meanwhile_is_not_replaced(tmp_path: Path, moment: str) -> None:
    path = model(tmp_path / "m.safetensors")
    theirs = model(tmp_path / "theirs.safetensors").read_bytes()
    planned = edit(path)
    meddler = meddling(moment, lambda: path.write_bytes(theirs))
    if moment != "copy_range":
        meddler = sharing(meddler)
    with pytest.raises(SourceChangedError):
        write(planned, WriteOptions(keep_date=True), files=meddler)
    assert path.read_bytes() == theirs
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_that_somebody_replaces_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors")
    other = model(tmp_path / "other.safetensors")
    theirs = other.read_bytes()
    planned = edit(path)
    with pytest.raises(SourceChangedError):
        write(planned, files=meddling("sync", lambda: other.replace(path)))
    assert path.read_bytes() == theirs


def test_a_cancel_leaves_the_old_file(tmp_path: Path) -> None:
    path = model(tmp_path / "m.safetensors", 24 * MIB)
    token, seen = CancelToken(), []

    def progress(step: Progress) -> None:
        seen.append(step.done)
        token.cancel()

    with nothing_new_in(tmp_path), pytest.raises(Cancelled):
        write(edit(path), ALL, progress=progress, cancel=token)
    assert seen
