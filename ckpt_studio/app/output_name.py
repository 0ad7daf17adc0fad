"""Propose where a checkpoint goes: a name from its parts and precision that is not taken."""

from pathlib import Path

from ckpt_studio.core.assembly.source_names import plain_stem
from ckpt_studio.core.lora.recipes import ExtractLora, LoraRecipe, MergeLoras, ResizeLora
from ckpt_studio.core.merging.draft import Draft
from ckpt_studio.core.output_kinds import OutputKind, ending, kind_of, models_folder
from ckpt_studio.core.recipe import Assemble, Merge, Precision

_MOST_NAMED, _STEM = 3, 40
"""Models that the name of a merge names, and the letters of each."""


def proposed_path(recipe: Assemble, folder: Path | None) -> Path | None:
    """Return a free path in ``folder``, or beside the model; None while there is no model.

    Parts as separate files go into the folder that the kinds of models are in; they need no model.
    """
    kind = kind_of(recipe.output)
    model = recipe.model or recipe.base
    if kind is OutputKind.PARTS and recipe.sources:
        return models_folder(folder or (model or recipe.sources[0]).parent)
    if model is None:
        return None
    stem = f"{plain_stem(model)}_custom{_precision_word(recipe)}"
    shards = kind is OutputKind.SHARDS
    return free_path(folder or model.parent, stem, ending(kind), shards=shards)


def proposed_merge_path(draft: Draft, folder: Path | None) -> Path | None:
    """Return a free path for a merge, named after its models; None while there is none."""
    models = draft.chosen
    if not models:
        return None
    stem = "_".join(plain_stem(path)[:_STEM] for path in models[:_MOST_NAMED])
    folder = folder or models[0].parent
    return free_path(folder, f"{stem}_merge{_precision_word(draft.recipe)}", ".safetensors")


def proposed_lora_path(recipe: LoraRecipe, folder: Path | None) -> Path:
    """Return a free path for a LoRA, named after what it is made of."""
    first, stem = _lora_name(recipe)
    return free_path(folder or first.parent, stem, ".safetensors")


def _lora_name(recipe: LoraRecipe) -> tuple[Path, str]:
    """Return the file that a LoRA is saved beside, and a name without its ending."""
    match recipe:
        case ExtractLora():
            return recipe.b, f"{plain_stem(recipe.b)}_lora"
        case MergeLoras():
            stems = [plain_stem(each.path)[:_STEM] for each in recipe.loras[:_MOST_NAMED]]
            return recipe.loras[0].path, "_".join((*stems, "joined"))
        case ResizeLora():
            return recipe.source, f"{plain_stem(recipe.source)}_rank{recipe.rank}"


def free_path(folder: Path, stem: str, suffix: str, *, shards: bool = False) -> Path:
    """Return ``STEM.SUFFIX`` in a folder, numbered where it is taken; ``shards`` by their index."""
    candidate, number = folder / (stem + suffix), 2
    while candidate.exists() or (shards and _index(candidate).exists()):
        candidate = folder / f"{stem}_{number}{suffix}"
        number += 1
    return candidate


def _index(path: Path) -> Path:
    return path.with_name(f"{path.name}.index.json")


def _precision_word(recipe: Assemble | Merge) -> str:
    chosen = recipe.precision.get("unet", recipe.precision.get("*", Precision.KEEP))
    return "" if chosen is Precision.KEEP else f"_{chosen.value}"
