"""Opened files for tests of the window, made without a file."""

from collections.abc import Mapping
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint, Signature, SourceFile
from ckpt_studio.core.recognition import FoundPart, Opened, Recognition
from ckpt_studio.core.tensors import DType, TensorInfo

NAMES = (
    "model.diffusion_model.input_blocks.10.attn1.to_q.weight",
    "model.diffusion_model.input_blocks.2.attn1.to_q.weight",
    "model.diffusion_model.input_blocks.2.attn1.to_k.bias",
    "first_stage_model.decoder.conv_in.weight",
    "first_stage_model.decoder.mid.attn_1.k.bias",
    "model_ema.decay",
)


def opened_file(
    names: tuple[str, ...] = NAMES,
    metadata: Mapping[str, str] | None = None,
    path: Path = Path("model.safetensors"),
) -> Opened:
    """Return a file with a UNet in F16 and a VAE in F32."""
    tensors, offset = {}, 4096
    for name in names:
        dtype = DType.F32 if name.startswith("first_stage") else DType.F16
        shape = (640, 640) if name.endswith("weight") else (320,)
        size = dtype.nbytes(shape)
        tensors[name] = TensorInfo(name, dtype, shape, offset, size)
        offset += size
    signature = Signature(1, 2, offset, 3, 4)
    checkpoint = Checkpoint(
        path, "safetensors", (SourceFile(path, signature),), 4096, tensors, metadata or {}
    )
    parts = tuple(
        FoundPart(
            part,
            part,
            "sd15",
            "checkpoint",
            prefix,
            {},
            tuple(name for name in names if name.startswith(prefix)),
            (),
            (),
            "",
        )
        for part, prefix in (("unet", "model.diffusion_model."), ("vae", "first_stage_model."))
    )
    known = {name for part in parts for name in part.names}
    other = tuple(name for name in names if name not in known)
    return Opened(checkpoint, Recognition("sd15", "SD 1.5", "checkpoint", None, (), parts, other))
