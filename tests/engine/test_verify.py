"""A file that does not read back as it was written is never saved."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ckpt_studio.core.errors import VerifyError
from ckpt_studio.core.expr import Expr, cast, read
from ckpt_studio.core.plan import Container
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.writing import WriteOptions, write
from ckpt_studio.formats.files import Buffer, Files
from ckpt_studio.formats.single import read_single
from tests.making.faults import nothing_new_in
from tests.making.plans import plan_for, write_source


class BadDisk(Files):
    """Flips one bit at a position of the file when it goes to the disk."""

    def __init__(self, position: int) -> None:
        self._position = position

    def sync(self, file: int) -> None:
        byte = os.pread(file, 1, self._position)
        os.pwrite(file, bytes([byte[0] ^ 1]), self._position)
        super().sync(file)


class ShortDisk(Files):
    """Loses the last bytes."""

    def sync(self, file: int) -> None:
        super().sync(file)
        os.ftruncate(file, os.fstat(file).st_size - 5)


class SlowWriter(Files):
    """Takes only a few bytes at a time, as the system may."""

    def write_at(self, file: int, data: Buffer, offset: int) -> int:
        return super().write_at(file, memoryview(data)[:7], offset)

    def read_into(self, file: int, buffer: memoryview, offset: int) -> int:
        return super().read_into(file, buffer[:5], offset)

    def copy_range(self, source: int, start: int, target: int, to: int, count: int) -> int:
        return super().copy_range(source, start, target, to, min(count, 3))


def save(
    folder: Path,
    files: Files,
    options: WriteOptions,
    container: Container = Container.SAFETENSORS,
) -> Path:
    source = write_source(
        folder / "source.safetensors",
        {"a": ("U8", [64], bytes(range(64))), "b": ("F32", [16], bytes(range(64)))},
    )
    rows: dict[str, Expr] = {
        "a": read(0, source.tensors["a"]),
        "b": cast(read(0, source.tensors["b"]), DType.BF16),
    }
    out = folder / "out.safetensors"
    plan = plan_for((source,), rows, out, metadata={"k": "v"})
    write(replace(plan, container=container), options, files=files)
    return out


@pytest.mark.parametrize(
    ("position", "says"),
    [(4096, 'the data at "a"'), (4096 + 63, 'the data at "a"'), (4096 + 95, 'the data at "b"')],
)
def test_a_flipped_bit_is_found(tmp_path: Path, position: int, says: str) -> None:
    with pytest.raises(VerifyError, match="does not read back") as caught:
        save(tmp_path, BadDisk(position), WriteOptions(verify=True))
    assert says in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["source.safetensors"]


@pytest.mark.parametrize("position", [0, 3, 8, 20, 90])
def test_the_header_is_always_read_back(tmp_path: Path, position: int) -> None:
    with pytest.raises(VerifyError):
        save(tmp_path, BadDisk(position), WriteOptions())
    assert [path.name for path in tmp_path.iterdir()] == ["source.safetensors"]


def test_a_file_that_is_too_short_is_found(tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="incomplete"):
        save(tmp_path, ShortDisk(), WriteOptions())
    with nothing_new_in(tmp_path), pytest.raises(VerifyError, match="incomplete"):
        save(tmp_path, ShortDisk(), WriteOptions(verify=True, hashes=True))


def test_every_flipped_bit_around_the_tensors_of_an_archive_is_found(tmp_path: Path) -> None:
    out = save(tmp_path, Files(), WriteOptions(), Container.TORCH_ZIP)
    size = out.stat().st_size
    spans = [(info.offset, info.nbytes) for info in read_single(out).tensors.values()]
    out.unlink()
    for position in range(size):
        inside = any(start <= position < start + nbytes for start, nbytes in spans)
        options = WriteOptions(verify=inside)
        with pytest.raises(VerifyError, match=r"does not read back|is wrong"):
            save(tmp_path, BadDisk(position), options, Container.TORCH_ZIP)
    assert [path.name for path in tmp_path.iterdir()] == ["source.safetensors"]


@pytest.mark.parametrize("container", list(Container))
def test_short_reads_and_writes_are_continued(tmp_path: Path, container: Container) -> None:
    whole = save(tmp_path, Files(), WriteOptions(), container).read_bytes()
    (tmp_path / "out.safetensors").unlink()
    out = save(tmp_path, SlowWriter(), WriteOptions(verify=True, hashes=True), container)
    assert out.read_bytes() == whole
