"""The places an assembled checkpoint has for parts, and which file goes into which of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ckpt_studio.core.families import architecture
from ckpt_studio.core.families.architecture import Architecture
from ckpt_studio.core.families.part_names import ANY_TEXT_ENCODER, is_text_encoder, part_name
from ckpt_studio.core.recipe import Assemble
from ckpt_studio.core.recognition import Opened

_OTHER_PARTS = frozenset({"unet", "vae", "clip_vision"})
_NOT_FOR_CHECKPOINTS: Mapping[str, str] = {
    "lora": "is a LoRA. A LoRA changes a model and is no part of one",
    "controlnet": "is a ControlNet. It is loaded beside a checkpoint, not as a part of it",
    "embedding": "is an embedding. It is loaded beside a checkpoint, not as a part of it",
}


Files = Mapping[Path, Opened]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a part comes from; ``shared`` when the file fills every part that is not named."""

    path: Path
    shared: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that does not go where it was put, and why."""

    path: Path
    reason: str


def offered(opened: Opened) -> tuple[str, ...]:
    """Return the parts that a file can give to a checkpoint."""
    held = (found.part for found in opened.recognition.parts)
    return tuple(part for part in held if part in _OTHER_PARTS or is_text_encoder(part))


def needed(family: Architecture | None, recipe: Assemble, files: Files) -> tuple[str, ...]:
    """Return the parts to show, in order: those of the family, else those that were given."""
    if family and family.vae is None:
        return ("unet", *family.text_encoders)
    encoders = tuple(family.text_encoders) if family else _given_encoders(recipe, files)
    vision = ("clip_vision",) if recipe.clip_vision else ()
    return ("unet", *(encoders or (ANY_TEXT_ENCODER,)), "vae", *vision)


def _given_encoders(recipe: Assemble, files: Files) -> tuple[str, ...]:
    paths = (*recipe.text_encoders, *((recipe.base,) if recipe.base else ()))
    found = (part for path in paths if path in files for part in offered(files[path]))
    return tuple(dict.fromkeys(part for part in found if is_text_encoder(part)))


def recognised_family(recipe: Assemble, files: Files) -> str | None:
    """Return the id of the family that the file of the model belongs to."""
    for path in (recipe.model, recipe.base):
        if path is not None and path in files:
            return files[path].recognition.architecture
    return None


def family_of(recipe: Assemble, files: Files) -> Architecture | None:
    """Return the family to be saved: the one chosen, else the one recognised."""
    name = recipe.target or recognised_family(recipe, files)
    return architecture.family(name) if name else None


def source_of(recipe: Assemble, part: str, files: Files) -> Source | None:
    """Return the file that a part is taken from."""
    named = {"unet": recipe.model, "vae": recipe.vae, "clip_vision": recipe.clip_vision}
    if part in named:
        path = named[part]
    else:
        path = next((file for file in recipe.text_encoders if _has(files, file, part)), None)
    if path is not None:
        return Source(path, shared=False)
    if recipe.base is not None and _has(files, recipe.base, part):
        return Source(recipe.base, shared=True)
    return None


def place(
    recipe: Assemble, opened: Opened, family: Architecture | None, files: Files
) -> Assemble | Refused:
    """Return the recipe with a file where it belongs by what it is.

    A whole checkpoint gives its model and every part that no other file was chosen for. A text
    encoder that the family does not use is refused.
    """
    path, parts = opened.checkpoint.path, offered(opened)
    if "unet" in parts and len(parts) > 1:
        return replace(recipe, base=path, model=None, ema=recipe.ema and path == _model(recipe))
    if not parts:
        return Refused(path, _why_not(opened))
    if family is not None and (reason := _misfit(opened, parts, family)):
        return Refused(path, reason)
    useful = tuple(part for part in parts if family is None or _used(part, family))
    if family and not useful:
        return Refused(path, _why_unused(opened, family))
    for part in useful:
        recipe = _put(recipe, part, path)
    encoders = _useful(recipe.text_encoders, {**files, path: opened})
    return replace(recipe, text_encoders=encoders)


def place_in(recipe: Assemble, part: str, opened: Opened, files: Files) -> Assemble | Refused:
    """Return the recipe with one part taken from a file, or why that file has no such part."""
    path, parts = opened.checkpoint.path, offered(opened)
    fits = part in parts or (part == ANY_TEXT_ENCODER and any(map(is_text_encoder, parts)))
    if not fits:
        return Refused(path, _why_not_here(opened, part))
    family = family_of(recipe, files) if part != "unet" else None
    if family is not None and (reason := _misfit(opened, (part,), family)):
        return Refused(path, reason)
    if not is_text_encoder(part):
        return _put(recipe, part, path)
    others = [file for file in recipe.text_encoders if file != path]
    before = [file for file in others if not _has(files, file, part)]
    after = [file for file in others if file not in before]
    files = {**files, path: opened}
    return replace(recipe, text_encoders=_useful((*before, path, *after), files))


def clear(recipe: Assemble, part: str, files: Files) -> Assemble:
    """Return the recipe without a source for a part; a file shared by others stays for them."""
    source = source_of(recipe, part, files)
    if source is None:
        return recipe
    if source.shared:
        recipe = _unshared(recipe, files)
    if not is_text_encoder(part):
        return _put(recipe, part, None)
    left = tuple(file for file in recipe.text_encoders if not _has(files, file, part))
    return replace(recipe, text_encoders=left)


def _put(recipe: Assemble, part: str, path: Path | None) -> Assemble:
    match part:
        case "unet":
            return replace(recipe, model=path, ema=recipe.ema and path == _model(recipe))
        case "vae":
            return replace(recipe, vae=path)
        case "clip_vision":
            return replace(recipe, clip_vision=path)
    if path is None or path in recipe.text_encoders:
        return recipe
    return replace(recipe, text_encoders=(path, *recipe.text_encoders))


def _model(recipe: Assemble) -> Path | None:
    return recipe.model or recipe.base


def _unshared(recipe: Assemble, files: Files) -> Assemble:
    """Name the base file at each part that it fills, so that one of them can be taken away."""
    base = recipe.base
    if base is None:
        return recipe
    result = replace(recipe, base=None)
    for part in offered(files[base]):
        source = source_of(recipe, part, files)
        if source is None or not source.shared:
            continue
        if is_text_encoder(part):
            result = replace(
                result, text_encoders=tuple(dict.fromkeys((*result.text_encoders, base)))
            )
        else:
            result = _put(result, part, base)
    return replace(result, ema=recipe.ema)


def _has(files: Files, path: Path, part: str) -> bool:
    if path not in files:
        return False
    parts = offered(files[path])
    return part in parts or (part == ANY_TEXT_ENCODER and any(map(is_text_encoder, parts)))


def _useful(paths: tuple[Path, ...], files: Files) -> tuple[Path, ...]:
    """Leave out files whose text encoders all come from files before them: the first one counts."""
    taken: set[str] = set()
    result = []
    for path in paths:
        parts = set(filter(is_text_encoder, offered(files[path]))) if path in files else set()
        if path not in files or parts - taken:
            result.append(path)
            taken |= parts
    return tuple(result)


def _used(part: str, family: Architecture) -> bool:
    return not is_text_encoder(part) or part in family.text_encoders


def _misfit(opened: Opened, parts: tuple[str, ...], family: Architecture) -> str:
    """Say why a VAE does not fit a family, "" where it does; encoders differ by their names."""
    found = opened.recognition.find("vae")
    if found is None or parts != ("vae",) or family.vae is None:
        return ""
    wanted = family.vae.component
    sibling = architecture.with_vae(family, found.component).vae
    if sibling is not None and sibling.component.id == found.component:
        return ""
    held = architecture.component(found.component).name
    name = opened.checkpoint.path.name
    return f"{name} is the {held}; {family.name} takes the {wanted.name}."


def _why_unused(opened: Opened, family: Architecture) -> str:
    holds = _listed([part_name(part) for part in offered(opened)])
    needs = _listed([part_name(part) for part in family.text_encoders])
    return f"{opened.checkpoint.path.name} holds {holds}; {family.name} uses {needs}."


def _why_not(opened: Opened) -> str:
    name, found = opened.checkpoint.path.name, opened.recognition
    reason = _NOT_FOR_CHECKPOINTS.get(found.kind)
    if reason:
        return f"{name} {reason}."
    tensors = len(opened.checkpoint.tensors)
    return f"{name} has {tensors} tensors, but none of them belong to a part that is known here."


def _why_not_here(opened: Opened, part: str) -> str:
    holds = [part_name(found) for found in offered(opened)]
    if not holds:
        return _why_not(opened)
    return f"{opened.checkpoint.path.name} has no {part_name(part)}. It holds {_listed(holds)}."


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
