"""Files of real shape without their bytes, and the command line inside the test's own process."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from ckpt_studio.cli.main import run
from ckpt_studio.core.architecture import family
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.formats.encoding import encode_header


def row(name, dtype, shape):
    return TensorInfo(name, dtype, shape, offset=0, nbytes=dtype.nbytes(shape))


def sparse_file(path, tensors, metadata=None):
    """Write a header and as much nothing as it asks for; ``tensors`` is name -> (dtype, shape)."""
    rows = [row(name, dtype, shape) for name, (dtype, shape) in tensors.items()]
    header = encode_header(rows, metadata or {}, align=8)
    path.write_bytes(header)
    os.truncate(path, len(header) + sum(row.nbytes for row in rows))
    return path


def small_file(path, metadata=None, value=1.0):
    """Write a model of no known family: 64 fp32 numbers and one whole number."""
    rows = [row("count", DType.I64, (1,)), row("layer.weight", DType.F32, (8, 8))]
    header = encode_header(rows, metadata or {})
    data = np.array([7], "<i8").tobytes() + np.full(64, value, "<f4").tobytes()
    path.write_bytes(header + data)
    return path


def part_tensors(placement, prefix="", dtype=DType.F16):
    return {
        prefix + key: (spec.dtype or dtype, spec.usual_shape)
        for key, spec in placement.component.specs().items()
        if key not in placement.omit
    }


@dataclass
class Parts:
    unet: object
    clip_l: object
    vae: object

    @property
    def options(self):
        return [
            *("--model", str(self.unet)),
            *("--text-encoder", str(self.clip_l)),
            *("--vae", str(self.vae)),
        ]


@pytest.fixture(scope="session")
def sd15_parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sd15")
    return Parts(
        *(
            sparse_file(folder / f"{name}.safetensors", part_tensors(placement))
            for name, placement in family("sd15").placements.items()
        )
    )


@pytest.fixture(scope="session")
def sd15_checkpoint(tmp_path_factory):
    tensors = {}
    for placement in family("sd15").placements.values():
        tensors |= part_tensors(placement, placement.prefix)
    folder = tmp_path_factory.mktemp("sd15_checkpoint")
    return sparse_file(folder / "whole.safetensors", tensors, {"title": "Whole"})


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def cli(capsys, monkeypatch):
    """Run the command line in this process: ``cli("inspect", path)``."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def process():
    """Run the command line as a process of its own."""

    def call(*arguments, **options):
        done = subprocess.run(
            [sys.executable, "-m", "ckpt_studio", *map(os.fspath, arguments)],
            capture_output=True,
            timeout=120,
            check=False,
            **options,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call
