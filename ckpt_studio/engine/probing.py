"""Look further where no header can tell two model families apart."""

import os
import struct
from dataclasses import replace
from math import fsum, sqrt

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.diffusers.diffusers_scheduler import told_by_scheduler
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.expr import Read
from ckpt_studio.core.families.architecture import Architecture, Probe, family
from ckpt_studio.core.recognition import Recognition
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.formats.files import open_source, read_exactly
from ckpt_studio.formats.plain_paths import inside
from ckpt_studio.formats.shard_index import read_settings

_MOST_BYTES = 64 << 10
_BF16_TO_F32 = b"\0\0"


def probe(checkpoint: Checkpoint, recognition: Recognition) -> Recognition:
    """Return the recognition after looking at the family's tell-tale tensor, if it has one.

    Reads at most 64 KiB of one tensor; ComfyUI makes the same decision at every load
    (``comfyui.md`` 4.3). The scheduler of a diffusers folder says it in words.
    """
    if recognition.architecture is None:
        return recognition
    settings = _scheduler(checkpoint)
    told = told_by_scheduler(family(recognition.architecture), settings) if settings else None
    if told is not None:
        return _become(recognition, told, f"the scheduler of the folder is that of {told.name}")
    rule = family(recognition.architecture).probe
    unet = recognition.find("unet")
    expr = unet.tensors.get(rule.tensor) if rule and unet else None
    if rule is None or not isinstance(expr, Read) or expr.tensor.nbytes > _MOST_BYTES:
        return recognition
    values = _values(checkpoint, expr.tensor)
    if not values:
        return recognition
    return _decide(recognition, rule, _spread(values))


def _decide(recognition: Recognition, rule: Probe, spread: float) -> Recognition:
    fact = f"the values of {rule.tensor} spread by {spread:.3f}"
    if not spread > rule.std_above:
        evidence = f"{fact}, not more than {rule.std_above}: no v-prediction"
        return replace(recognition, evidence=(*recognition.evidence, evidence))
    other = family(rule.becomes)
    return _become(recognition, other, f"{fact}, more than {rule.std_above}: {other.name}")


def _scheduler(checkpoint: Checkpoint) -> dict[str, object]:
    """Return the settings of the scheduler in a diffusers folder; none where they are no use."""
    if checkpoint.container != "diffusers":
        return {}
    try:
        folder = inside(checkpoint.path / "model_index.json", "scheduler")
        return read_settings(folder / "scheduler_config.json")
    except FormatError:
        return {}  # the weights are of use without it


def _become(recognition: Recognition, other: Architecture, evidence: str) -> Recognition:
    return replace(
        recognition,
        architecture=other.id,
        name=other.name,
        prediction=other.prediction,
        evidence=(*recognition.evidence, evidence),
        parts=tuple(
            replace(part, architecture=other.id) if part.part == "unet" else part
            for part in recognition.parts
        ),
    )


def _spread(values: tuple[float, ...]) -> float:
    """Return the standard deviation, of the values themselves (biased, as ComfyUI takes it)."""
    mean = fsum(values) / len(values)
    return sqrt(fsum((value - mean) ** 2 for value in values) / len(values))


def _values(checkpoint: Checkpoint, tensor: TensorInfo) -> tuple[float, ...]:
    """Return the values of a small float tensor; none for other types."""
    source = checkpoint.files[tensor.shard]
    if source.made is not None:
        return ()  # not worth unpacking for a guess
    file = open_source(source.path)
    try:
        data = read_exactly(file, tensor.nbytes, tensor.offset)
    finally:
        os.close(file)
    count = tensor.parameters
    if tensor.dtype is DType.BF16:
        wide = b"".join(_BF16_TO_F32 + data[at : at + 2] for at in range(0, len(data), 2))
        return struct.unpack(f"<{count}f", wide)
    code = {DType.F16: "e", DType.F32: "f", DType.F64: "d"}.get(tensor.dtype)
    return struct.unpack(f"<{count}{code}", data) if code else ()
