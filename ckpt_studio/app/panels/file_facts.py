"""What a model file is, in one line."""

from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.text import binary_size, counted


def file_facts(opened: Opened) -> str:
    """Return family, number of tensors, types and size."""
    checkpoint = opened.checkpoint
    types = dict.fromkeys(tensor.dtype.label for tensor in checkpoint.tensors.values())
    facts = (
        opened.recognition.name,
        counted(len(checkpoint.tensors), "tensor"),
        ", ".join(types),
        binary_size(checkpoint.size),
    )
    return " · ".join(fact for fact in facts if fact)
