"""Look at one small tensor where no header can tell two model families apart."""

import os
import struct
from dataclasses import replace
from math import fsum, sqrt

from ckpt_studio.core.architecture import Probe, family
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import Read
from ckpt_studio.core.recognition import Recognition
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.formats.files import open_source, read_exactly

_MOST_BYTES = 64 << 10
_BF16_TO_F32 = b"\0\0"


def probe(checkpoint: Checkpoint, recognition: Recognition) -> Recognition:
    """Return the recognition after looking at the family's tell-tale tensor, if it has one.

    Reads at most 64 KiB of one tensor; ComfyUI makes the same decision at every load
    (``comfyui.md`` 4.3).
    """
    if recognition.architecture is None:
        return recognition
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
    return replace(
        recognition,
        architecture=other.id,
        name=other.name,
        prediction=other.prediction,
        evidence=(*recognition.evidence, f"{fact}, more than {rule.std_above}: {other.name}"),
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
