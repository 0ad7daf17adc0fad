"""The image of an output file: which byte stands where, before a tensor has been read."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.plan import Container, Plan
from ckpt_studio.core.problems import Problem, note
from ckpt_studio.formats.safetensors import encode_header, read_open
from ckpt_studio.formats.torch_pickle import read_torch_open
from ckpt_studio.formats.torch_pickle_writing import is_new_type
from ckpt_studio.formats.torch_zip_writing import TorchZip


@dataclass(frozen=True, slots=True)
class Image:
    """An output file without the bytes of its tensors.

    ``head`` is what stands before everything else, ``starts`` are the positions of the rows, which
    follow one another; ``data_start`` is where AutoV3 begins, None for formats that have none.
    With ``archive``, what stands between the rows and after them depends on their CRC-32 and is
    written after them. ``read`` opens the finished file.
    """

    head: bytes
    starts: tuple[int, ...]
    size: int
    data_start: int | None
    read: Callable[[Path, int], Checkpoint]
    archive: TorchZip | None = None


def image_of(plan: Plan) -> Image:
    """Return the image of the one file that a plan describes.

    Raises:
        PlanError: the container cannot hold those tensors, names or metadata.
    """
    if plan.container is Container.TORCH_ZIP:
        archive = TorchZip(plan.tensors, plan.metadata)
        starts = tuple(start for start, _ in archive.spans)
        return Image(archive.head, starts, archive.size, None, read_torch_open, archive)
    like = plan.sources[0].header_bytes if plan.same_data else 0
    head = encode_header(plan.tensors, plan.metadata, like=like)
    *begins, size = accumulate((row.nbytes for row in plan.tensors), initial=len(head))
    return Image(head, tuple(begins), size, len(head), read_open)


def container_notes(plan: Plan) -> tuple[Problem, ...]:
    """Return what to know about the container that was chosen."""
    if plan.container is not Container.TORCH_ZIP:
        return ()
    safer = note(
        "PyTorch files can run programs when other software opens them; safetensors files never do",
        "Choose the ending .safetensors unless a program needs the old format.",
        code="pickle-output",
    )
    new = tuple(row.name for row in plan.tensors if is_new_type(row.dtype))
    if not new:
        return (safer,)
    kinds = ", ".join(sorted({row.dtype.label for row in plan.tensors if is_new_type(row.dtype)}))
    return (
        safer,
        note(
            f"Older programs cannot open a PyTorch file with {kinds}",
            "Choose fp16 for them, or the ending .safetensors.",
            code="new-types",
            names=new,
        ),
    )
