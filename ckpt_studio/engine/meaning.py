"""What a path stands for that was dropped or chosen: a model, or several to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.assembly.source_names import generic
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.model_folders import Model
from ckpt_studio.core.progress import CancelToken, ignore_progress
from ckpt_studio.engine.model_scan import list_models
from ckpt_studio.formats.folders import INDEX
from ckpt_studio.formats.sharded import set_of


@dataclass(frozen=True, slots=True)
class Meaning:
    """The model that a path stands for; with ``models`` it is a folder of several."""

    path: Path
    models: tuple[Model, ...] = ()


def meaning_of(path: Path, cancel: CancelToken | None = None) -> Meaning:
    """Return the model that a path stands for.

    A shard stands for its set, whichever of the shards it is. A folder is one model, or it stands
    for the only model in it or below it, or for all of them.

    Raises:
        Cancelled: a stop was asked for while a folder was looked through.
    """
    if not path.is_dir():
        return Meaning(set_of(path))
    if (path / INDEX).is_file():
        return Meaning(path)
    try:
        models = list_models(path, ignore_progress, cancel).models
    except FormatError:
        return Meaning(path)  # opening it says what is wrong
    if not models or _is_component(path, models):
        return Meaning(path)
    return Meaning(set_of(models[0].path)) if len(models) == 1 else Meaning(path, models)


def _is_component(folder: Path, models: Sequence[Model]) -> bool:
    """Whether all models are the weights of one component, in several variants."""
    return all(model.path.parent == folder and generic(model.path) for model in models)
