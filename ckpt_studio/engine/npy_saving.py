"""Save one tensor as a ``.npy`` file that NumPy reads, streamed, complete or not at all."""

from dataclasses import dataclass, field
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import PlanError, WriteError
from ckpt_studio.core.problems import Problem
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from ckpt_studio.core.tensors import TensorInfo
from ckpt_studio.engine.copying import write_all
from ckpt_studio.engine.reasons import write_error
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.target import Target
from ckpt_studio.formats.files import Files
from ckpt_studio.formats.npy import Layout, converter, header, layout_of
from ckpt_studio.formats.shown import shown, shown_name

_STEP = 4 << 20


@dataclass(frozen=True, slots=True)
class SavedArray:
    """What was written: ``layout`` says how the values are stored."""

    path: Path
    bytes: int
    tensor: TensorInfo
    layout: Layout
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class NpyOptions:
    """How to save: ``raw`` keeps types that NumPy does not have as the codes they are."""

    raw: bool = False
    overwrite: bool = False
    files: Files = field(default_factory=Files)


def save_npy(
    checkpoint: Checkpoint,
    name: str,
    path: Path,
    options: NpyOptions | None = None,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> SavedArray:
    """Write one tensor of a checkpoint to a file of its own.

    Raises:
        PlanError: there is no tensor of that name.
        SourceChangedError: the checkpoint is not what it was when it was opened.
        WriteError: there is a file already, or the system refused; the message says why.
        Cancelled: the token was raised. Nothing is left behind, as after every error.
    """
    tensor = checkpoint.tensors.get(name)
    if tensor is None:
        raise PlanError(
            f"{shown_name(checkpoint.path)} has no tensor “{shown(name)}”",
            "Check the spelling: the whole name is needed.",
        )
    saving = _Saving(tensor, options or NpyOptions(), progress, cancel or CancelToken())
    _refuse_source(checkpoint, path)
    return saving.save(checkpoint, path)


def _refuse_source(checkpoint: Checkpoint, path: Path) -> None:
    if path.exists() and any(path.samefile(file.path) for file in checkpoint.files):
        message = f"{shown_name(path)} is the file that the tensor is read from"
        raise WriteError(message, "Choose another name.")


@dataclass(frozen=True, slots=True)
class _Saving:
    tensor: TensorInfo
    options: NpyOptions
    progress: ProgressCallback
    cancel: CancelToken

    def save(self, checkpoint: Checkpoint, path: Path) -> SavedArray:
        files = self.options.files
        layout = layout_of(self.tensor, raw=self.options.raw)
        start = header(layout)
        wider = 32 // self.tensor.dtype.bits if layout.widened else 1
        size = len(start) + self.tensor.nbytes * wider
        sources = Sources((checkpoint,), {(0, self.tensor.shard)}, files)
        try:
            target = Target(files, path, overwrite=self.options.overwrite)
            try:
                write_all(files, target.file, start, 0)
                self._copy(sources, target, layout, len(start))
                target.settle()
                sources.check()
                self.cancel.raise_if_cancelled()
                target.commit()
            finally:
                target.discard()
        except OSError as problem:
            raise write_error(problem, path, size, files.free_bytes(path.parent)) from problem
        finally:
            sources.close()
        return SavedArray(target.path, size, self.tensor, layout, tuple(target.problems))

    def _copy(self, sources: Sources, target: Target, layout: Layout, to: int) -> None:
        tensor, make = self.tensor, converter(self.tensor, layout)
        buffer = memoryview(bytearray(min(_STEP, tensor.nbytes)))
        for done in range(0, tensor.nbytes, _STEP):
            self.cancel.raise_if_cancelled()
            part = buffer[: min(_STEP, tensor.nbytes - done)]
            sources.read((0, tensor.shard), part, tensor.offset + done)
            data = make(part)
            write_all(self.options.files, target.file, data, to)
            to += len(data)
            self.progress(Progress(done + len(part), tensor.nbytes, tensor.name, "Writing"))
