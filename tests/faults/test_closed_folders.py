"""Folders that may not be looked into, as sources and as places of outputs."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from ckpt_studio.core.errors import FormatError, PlanError
from ckpt_studio.core.recipe import Convert, Output
from ckpt_studio.engine.opening import Library
from ckpt_studio.engine.planning import plan
from tests.making.plans import write_source


@pytest.mark.skipif(os.name == "nt", reason="other permissions there")
def test_what_lies_in_a_closed_folder() -> None:
    root = Path(tempfile.mkdtemp())
    root.chmod(0o755)
    closed, user = root / "closed", os.geteuid()
    closed.mkdir()
    source = write_source(root / "source.safetensors", {"t": ("U8", [8], bytes(8))}).path
    outputs = [
        Output(closed / "out.safetensors"),
        Output(closed / "out", shard_bytes=4),
        Output(folder=closed, prefix="sub/out"),
    ]
    assert not any(plan(Convert(source, output=output)).errors for output in outputs)
    closed.chmod(0)
    try:
        if user == 0:
            os.seteuid(65534)
        for output in outputs:
            with pytest.raises(PlanError, match=r"no permission to look into .*closed"):
                plan(Convert(source, output=output))
        for path in (closed, closed / "model.safetensors", closed / "model_index.json"):
            with pytest.raises(FormatError, match=r"[Pp]ermission"):
                Library().open(path)
    finally:
        os.seteuid(user)
        closed.chmod(0o755)
        shutil.rmtree(root)
