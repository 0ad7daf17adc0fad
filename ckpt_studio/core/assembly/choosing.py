"""Decide which file gives which part of a checkpoint, and say why a file does not fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.assembly.ema import with_ema
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.architecture import (
    Architecture,
    component,
    family,
    predictions,
    same_tensors,
    with_vae,
)
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.problems import Problem, error, warning
from ckpt_studio.core.recipe import Assemble, Extract
from ckpt_studio.core.recognition import FoundPart, Opened

_NOT_TEXT = {"unet", "vae", "clip_vision"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A part and the source it is taken from."""

    found: FoundPart
    source: int


def choose_unet(recipe: Assemble, opened: Mapping[Path, Opened], sources: Sequence[Path]) -> Chosen:
    """Return the diffusion model that was named, or the one of the base.

    Raises:
        PlanError: none was named, or the file holds none that is known.
    """
    path = recipe.model or recipe.base
    if path is None:
        raise PlanError(
            "No diffusion model was chosen.",
            "Choose a UNet or DiT file, or a whole checkpoint.",
        )
    found = opened[path].recognition.find("unet")
    if found is None:
        raise PlanError(
            f"{path.name} holds no diffusion model this program knows: {_holds(opened[path])}.",
            "Choose the UNet or DiT file. A file of an unknown kind can still be inspected, "
            "converted and have its metadata edited.",
        )
    if recipe.ema:
        found = with_ema(found, opened[path].checkpoint)
    return Chosen(found, sources.index(path))


def _holds(opened: Opened) -> str:
    parts = [part_name(part.part) for part in opened.recognition.parts]
    return (
        "it holds " + _listed([_one(part) for part in parts])
        if parts
        else opened.recognition.evidence[0]
    )


def _one(name: str) -> str:
    """Return a part with its article; names such as CLIP-L and T5-XXL take none."""
    return name if any(sign in "-0123456789" for sign in name) else f"a {name}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def choose_target(
    recipe: Assemble | Extract, opened: Opened, unet: Chosen, vae: FoundPart | None = None
) -> Architecture:
    """Return the family to write: as recognised, as asked for, or its sibling by prediction.

    Some families differ in the VAE alone, so the VAE that was chosen tells between these.
    """
    recognised = family(opened.recognition.architecture or unet.found.architecture or "")
    target = recognised if vae is None else with_vae(recognised, vae.component)
    if recipe.target is not None:
        try:
            target = family(recipe.target)
        except KeyError:
            raise PlanError(
                f"There is no model family “{recipe.target}”.",
                "Leave the target out to use the one that is recognised.",
            ) from None
    if not same_tensors(recognised, target):
        raise PlanError(
            f"{opened.checkpoint.path.name} is a {recognised.name} model and cannot be saved as "
            f"{target.name}: their tensors differ.",
            f"Choose {recognised.name} as the target, or another model.",
        )
    if recipe.prediction is None:
        return target
    choices = predictions(target)
    if recipe.prediction not in choices:
        raise PlanError(
            f"{target.name} cannot be saved with the prediction “{recipe.prediction}”.",
            "Possible here: " + ", ".join(choices) + ".",
        )
    return choices[recipe.prediction]


def choose_parts(
    recipe: Assemble,
    architecture: Architecture,
    opened: Mapping[Path, Opened],
    sources: Sequence[Path],
    unet: Chosen,
) -> tuple[dict[str, Chosen], list[Problem]]:
    """Return which source gives which part, and what is wrong with the files that were named."""
    chosen = {"unet": unet}
    problems: list[Problem] = []
    for path in recipe.text_encoders:
        problems += _take_encoders(architecture, opened[path], sources.index(path), chosen)
    if recipe.vae is not None:
        problems += _take_vae(architecture, opened[recipe.vae], sources.index(recipe.vae), chosen)
    if recipe.clip_vision is not None:
        path = recipe.clip_vision
        problems += _take_clip_vision(architecture, opened[path], sources.index(path), chosen)
    if recipe.base is not None:
        base = opened[recipe.base]
        filled = _fill_from(architecture, base, sources.index(recipe.base), chosen)
        if "vae" in filled:
            problems += _other_latents(architecture, base)
    return chosen, problems


def _take_encoders(
    architecture: Architecture, opened: Opened, source: int, chosen: dict[str, Chosen]
) -> list[Problem]:
    path = opened.checkpoint.path
    held = [part for part in opened.recognition.parts if part.part not in _NOT_TEXT]
    wanted = [part for part in held if _suits(architecture, part)]
    if not wanted:
        return [_wrong_encoder(architecture, opened, held)]
    twice = [part for part in wanted if part.part in chosen]
    if twice and len(twice) == len(wanted):
        message = f"{path.name} holds {part_name(twice[0].part)}, which another file gives already."
        return [error(message, "Remove one of the two.", f"twice:{twice[0].part}")]
    for part in wanted:
        chosen.setdefault(part.part, Chosen(part, source))
    return []


def _suits(architecture: Architecture, part: FoundPart) -> bool:
    placement = architecture.text_encoders.get(part.part)
    return placement is not None and placement.component.id == part.component


def _wrong_encoder(
    architecture: Architecture, opened: Opened, held: Sequence[FoundPart]
) -> Problem:
    path = opened.checkpoint.path
    takes = _listed([part_name(part) for part in architecture.text_encoders]) or "no text encoder"
    hint = f"{architecture.name} takes {takes}."
    if not held:
        return error(
            f"{path.name} holds no text encoder that this program knows: {_holds(opened)}.",
            hint,
            "wrong-part:text_encoder",
        )
    names = _listed([part_name(part.part) for part in held])
    message = f"{path.name} holds {names}, which does not fit {architecture.name}."
    return error(message, f"{hint} {_why(architecture, held[0])}", f"wrong-part:{held[0].part}")


def _why(architecture: Architecture, part: FoundPart) -> str:
    """Say by how wide their output is why an encoder does not fit."""
    widths = {"clip_l": 768, "clip_g": 1280, "clip_h": 1024, "t5xxl": 4096}
    wanted = [
        f"{part_name(name)} {widths[name]}" for name in architecture.text_encoders if name in widths
    ]
    if part.part not in widths or not wanted:
        return ""
    width = f"{part_name(part.part)} gives {widths[part.part]} values a token"
    return f"{width}; wanted: {', '.join(wanted)}."


def _take_vae(
    architecture: Architecture, opened: Opened, source: int, chosen: dict[str, Chosen]
) -> list[Problem]:
    name, found = opened.checkpoint.path.name, opened.recognition.find("vae")
    if architecture.vae is None:
        return [error(f"{architecture.name} has no VAE in its checkpoints.", "Remove the VAE.")]
    wanted = architecture.vae.component
    if found is None:
        message = f"{name} holds no VAE that this program knows: {_holds(opened)}."
        return [error(message, f"{architecture.name} takes the {wanted.name}.", "wrong-part:vae")]
    if found.component != wanted.id:
        held = component(found.component).name
        message = f"{name} is the {held}, which does not fit {architecture.name}."
        return [error(message, f"{architecture.name} takes the {wanted.name}.", "wrong-part:vae")]
    chosen["vae"] = Chosen(found, source)
    return _other_latents(architecture, opened)


def _other_latents(architecture: Architecture, opened: Opened) -> list[Problem]:
    """Warn of a VAE that fits by shape but comes from a family with other latents."""
    name = opened.recognition.architecture
    theirs = family(name) if name else None
    if theirs is None or theirs.latents == architecture.latents:
        return []
    message = (
        f"The VAE comes from {opened.checkpoint.path.name}, a {theirs.name} checkpoint. It has the "
        f"right shape, but was made for other latents than {architecture.name} gives."
    )
    hint = f"Take a VAE of {architecture.name}; with this one pictures come out wrong."
    return [warning(message, hint, "other-latents")]


def _take_clip_vision(
    architecture: Architecture, opened: Opened, source: int, chosen: dict[str, Chosen]
) -> list[Problem]:
    name, found = opened.checkpoint.path.name, opened.recognition.find("clip_vision")
    code = "wrong-part:clip_vision"
    if architecture.clip_vision is None:
        message = f"{architecture.name} checkpoints hold no CLIP vision model"
        return [error(f"{message}, so {name} has no place.", "Remove it.", code)]
    wanted = architecture.clip_vision.component
    hint = f"{architecture.name} takes the {wanted.name}."
    if found is None:
        message = f"{name} holds no CLIP vision model that this program knows: {_holds(opened)}."
        return [error(message, hint, code)]
    if found.component != wanted.id:
        held = component(found.component).name
        message = f"{name} is the {held}, which does not fit {architecture.name}."
        return [error(message, hint, code)]
    chosen["clip_vision"] = Chosen(found, source)
    return []


def _fill_from(
    architecture: Architecture, opened: Opened, source: int, chosen: dict[str, Chosen]
) -> list[str]:
    """Take the parts that no other file gives; returns which."""
    filled = []
    for part, placement in architecture.placements.items():
        found = opened.recognition.find(part)
        fits = found is not None and found.component == placement.component.id
        if found is not None and fits and part not in chosen:
            chosen[part] = Chosen(found, source)
            filled.append(part)
    return filled
