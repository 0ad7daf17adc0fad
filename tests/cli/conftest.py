"""Files of real shape without their bytes, and the command line inside the test's own process."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from ckpt_studio.cli.main import run
from ckpt_studio.core.families.architecture import family
from tests.cli.files import part_tensors, sparse_file


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
