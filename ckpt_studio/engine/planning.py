"""Turn a recipe into a plan: open its sources, decide the output, look at the disk."""

import shutil
from dataclasses import replace
from pathlib import Path

from ckpt_studio.core.assembly.assembling import assemble
from ckpt_studio.core.assembly.sharding import file_plans, sharded
from ckpt_studio.core.assembly.single_file import convert, edit_metadata, extract
from ckpt_studio.core.diffusers.diffusers_folder import assemble_folder, convert_to_folder
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.header_size import newly_exceeded
from ckpt_studio.core.lora.extracting import extract_lora
from ckpt_studio.core.lora.joining import merge_loras
from ckpt_studio.core.lora.recipes import AnyRecipe, ExtractLora, LoraRecipe, MergeLoras, ResizeLora
from ckpt_studio.core.merging.planning import merge
from ckpt_studio.core.plan import Container, Plan
from ckpt_studio.core.problems import Problem, error, warning
from ckpt_studio.core.recipe import (
    Assemble,
    Convert,
    EditMetadata,
    Extract,
    Layout,
    Merge,
    Recipe,
)
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.text import binary_size
from ckpt_studio.engine.image import container_notes, image_of
from ckpt_studio.engine.memory_gate import most_memory
from ckpt_studio.engine.opening import Library
from ckpt_studio.engine.output_names import Named, resolve
from ckpt_studio.engine.output_places import beside_shards, place_problems
from ckpt_studio.engine.preparing import with_known_hashes
from ckpt_studio.formats.recipe_json import METADATA_KEY, embedded_recipe
from ckpt_studio.formats.shown import shown_name
from ckpt_studio.formats.tokenizers import tokenizer_texts

_COPY_MEMORY = 64 << 20
_COMPUTE_MEMORY = 420 << 20
_SPARE_DISK = 64 << 20


class NotInPlaceError(PlanError):
    """A file that can be read but not written was to be edited where it is."""

    kind = "not-in-place"


def plan(recipe: AnyRecipe, library: Library | None = None) -> Plan:
    """Return what a recipe would write; reads nothing but headers and writes nothing.

    Problems with the inputs are in ``plan.problems``; those that leave nothing to plan are raised.

    Raises:
        FormatError: a source is no model, or is damaged.
        PlanError: the request makes no plan at all, such as one without a diffusion model.
    """
    if isinstance(recipe, Assemble) and recipe.output.layout is Layout.PARTS:
        raise PlanError("Parts as separate files are several plans.", "Use plan_parts.")
    library = library or Library()
    in_place = _in_place(recipe, library)
    named = in_place or resolve(recipe.output)
    if named and named.container is Container.TORCH_ZIP and recipe.output.shard_bytes:
        raise PlanError(
            f"{shown_name(named.path)}: PyTorch files are not written as shards.",
            "Write one file, or give the output the ending .safetensors.",
        )
    if isinstance(recipe, LoraRecipe):
        draft = _lora_draft(recipe, {path: library.open(path) for path in recipe.sources})
    else:
        draft = _draft(recipe, library, named.title if named else "ComfyUI 1")
    limit = 0 if in_place else recipe.output.shard_bytes
    return _with_output(with_known_hashes(_with_recipe(draft, recipe, named)), named, limit)


def _in_place(recipe: AnyRecipe, library: Library) -> Named | None:
    """Return the name of a file that is edited where it is; it stays, whatever its ending."""
    if not isinstance(recipe, EditMetadata) or recipe.output.path not in {None, recipe.source}:
        return None
    if library.open(recipe.source).checkpoint.container != "safetensors":
        raise NotInPlaceError(
            f"{shown_name(recipe.source)} is no safetensors file and cannot be edited in place.",
            "Write another file.",
        )
    return Named(recipe.source, recipe.source.stem)


def _draft(recipe: Recipe, library: Library, title: str) -> Plan:
    if recipe.output.layout is Layout.DIFFUSERS:
        return _folder_draft(recipe, library)
    match recipe:
        case Assemble():
            return assemble(recipe, _opened(recipe, library), title=title)
        case Convert():
            return convert(recipe, library.open(recipe.source))
        case Extract():
            return extract(recipe, library.open(recipe.source))
        case EditMetadata():
            return edit_metadata(recipe, library.open(recipe.source))
        case Merge():
            return merge(recipe, {path: library.open(path) for path in recipe.sources})


def _lora_draft(recipe: LoraRecipe, opened: dict[Path, Opened]) -> Plan:
    if recipe.output.layout is not Layout.FILE:
        raise PlanError("A LoRA is one file.", "Write it to a .safetensors file.")
    match recipe:
        case ExtractLora():
            return extract_lora(recipe, opened)
        case ResizeLora(rank=None, energy=None):
            raise PlanError("The LoRA has that rank already.", "Choose another rank.")
        case ResizeLora():
            return merge_loras(recipe.merge, opened)
        case MergeLoras():
            return merge_loras(recipe, opened)


def _folder_draft(recipe: Recipe, library: Library) -> Plan:
    match recipe:
        case Assemble():
            return assemble_folder(recipe, _opened(recipe, library), tokenizer_texts)
        case Convert(drop=names) if names:
            raise PlanError(
                "Tensors cannot be left out of a diffusers folder by their names.",
                "Convert to a file first. What no model needs is left out of a folder anyway.",
            )
        case Convert():
            return convert_to_folder(recipe, library.open(recipe.source), tokenizer_texts)
        case _:
            raise PlanError(
                "Only a whole model can be written as a diffusers folder.",
                "Assemble or convert it; parts and edited metadata go to files.",
            )


def _opened(recipe: Assemble, library: Library) -> dict[Path, Opened]:
    return {path: library.open(path) for path in recipe.sources}


def _with_recipe(draft: Plan, recipe: AnyRecipe, named: Named | None) -> Plan:
    if isinstance(recipe, EditMetadata) or not recipe.metadata.recipe:
        return draft
    text = embedded_recipe(recipe, folder=named.path.parent if named else None)
    return replace(draft, metadata={**draft.metadata, METADATA_KEY: text})


def _with_output(draft: Plan, named: Named | None, limit: int) -> Plan:
    if named is not None:
        kept = draft.same_data and named.container is Container.SAFETENSORS
        draft = replace(draft, container=named.container, output=named.path, same_data=kept)
        draft = replace(draft, problems=(*draft.problems, *container_notes(draft)))
    if limit > 0:
        draft = sharded(draft, limit)
    headers = [
        image_of(one).size - one.data_bytes for one in file_plans(draft).values() or (draft,)
    ]
    texts = draft.bytes - draft.data_bytes - draft.header_bytes
    memory = (_COMPUTE_MEMORY if draft.computes else _COPY_MEMORY) + 4 * max(headers) + 2 * texts
    memory += most_memory(draft.tensors)
    sized = replace(draft, header_bytes=sum(headers), peak_memory_bytes=memory)
    if sized.output is None:
        return sized
    free = _free_bytes(sized.output)
    found = (*_header_problems(sized), *_output_problems(sized, sized.output, free))
    problems = (*sized.problems, *found)
    return replace(sized, free_bytes=free, problems=problems)


def _header_problems(planned: Plan) -> tuple[Problem, ...]:
    """Tell who stops reading a header that edits made longer."""
    if not planned.same_data:
        return ()
    mark = newly_exceeded(planned.sources[0].header_bytes, planned.header_bytes)
    if mark is None:
        return ()
    message = f"The header grows to {binary_size(planned.header_bytes)}: {mark.lost}."
    return (warning(message, "Remove long values, such as pictures.", "header-size"),)


def _free_bytes(path: Path) -> int | None:
    """Return the free bytes on the volume a path will be on, None where the system does not say."""
    try:
        folder = path.resolve().parent
        place = next(place for place in (folder, *folder.parents) if place.is_dir())
        return shutil.disk_usage(place).free
    except OSError:
        return None


def _output_problems(planned: Plan, path: Path, free: int | None) -> list[Problem]:
    try:
        problems = place_problems(planned, path)
    except PermissionError:
        message = f"There is no permission to look into {path.parent}."
        problems = [error(message, "Choose another folder.", "no-permission")]
    if not problems and free is not None and planned.bytes + _SPARE_DISK > free:
        message = (
            f"The disk may be too small: {binary_size(planned.bytes)} are needed, "
            f"{binary_size(free)} are free."
        )
        problems.append(warning(message, "Make room, or choose another disk.", "disk-space"))
    return [*problems, *beside_shards(planned)]
