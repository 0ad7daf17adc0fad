"""Plan a checkpoint from parts: which file gives which part, and what the result holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.architecture import Architecture, Placement, component, family, predictions
from ckpt_studio.core.checkpoint_metadata import checkpoint_metadata
from ckpt_studio.core.constants import default_tensor
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import read
from ckpt_studio.core.part_rows import PartRows, build_part, saved_names
from ckpt_studio.core.plan import Dropped, PartSummary, Plan, PlannedTensor, file_order
from ckpt_studio.core.precision_advice import advice
from ckpt_studio.core.problems import Problem, error, note, warning
from ckpt_studio.core.recipe import Assemble, precision_for
from ckpt_studio.core.recognise import leftover_reason
from ckpt_studio.core.recognition import FoundPart, Opened, dtype_bytes
from ckpt_studio.core.tensors import DType

PART_NAMES = {
    "unet": "diffusion model",
    "vae": "VAE",
    "clip_l": "CLIP-L",
    "clip_g": "CLIP-G",
    "clip_h": "CLIP-H",
    "t5xxl": "T5-XXL",
    "clip_vision": "CLIP vision",
    "lora": "LoRA",
    "controlnet": "ControlNet",
    "embedding": "textual inversion embedding",
    "upscaler": "upscaler",
}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A part and the source it is taken from."""

    found: FoundPart
    source: int


def part_name(part: str) -> str:
    """Return what people call a part."""
    return PART_NAMES.get(part, part)


def assemble(recipe: Assemble, opened: Mapping[Path, Opened], *, title: str) -> Plan:
    """Return the plan of one checkpoint; ``title`` goes into ``modelspec.title`` where it is due.

    Raises:
        PlanError: there is no diffusion model, its family is unknown, or the target is impossible.
    """
    sources = tuple(dict.fromkeys(_paths(recipe)))
    files = [opened[path] for path in sources]
    unet = _unet(recipe, opened, sources)
    architecture = _target(recipe, opened[sources[unet.source]], unet)
    chosen, problems = _choose(recipe, architecture, opened, sources, unet)
    rows: list[PlannedTensor] = []
    parts: list[PartSummary] = []
    results: list[PartRows] = []
    for part, placement in architecture.placements.items():
        if part not in chosen:
            continue
        result = _part(recipe, architecture, part, placement, chosen[part], files)
        results.append(result)
        rows += result.tensors
        parts.append(_summary(part, chosen[part], files, result.tensors))
    marker_rows, markers_added = _markers(architecture, files[unet.source], unet.source)
    rows += marker_rows
    absent, absent_names = _absent(recipe, architecture, chosen)
    return Plan(
        verb="save",
        target=architecture.id,
        sources=tuple(file.checkpoint for file in files),
        tensors=tuple(sorted(rows, key=file_order)),
        metadata=checkpoint_metadata(architecture, recipe.metadata, title),
        parts=tuple(parts),
        missing=(*(name for result in results for name in result.missing), *absent_names),
        dropped=(*(drop for result in results for drop in result.dropped), *_leftovers(files)),
        added=(*(name for result in results for name in result.added), *markers_added),
        problems=(
            *absent,
            *problems,
            *(problem for result in results for problem in result.problems),
            *_left_out(files),
        ),
        on_overflow=recipe.on_overflow,
        overwrite=recipe.output.overwrite,
    )


def _paths(recipe: Assemble) -> list[Path]:
    paths = (recipe.model, *recipe.text_encoders, recipe.vae, recipe.clip_vision, recipe.base)
    return [path for path in paths if path is not None]


def _unet(recipe: Assemble, opened: Mapping[Path, Opened], sources: Sequence[Path]) -> _Chosen:
    path = recipe.model or recipe.base
    if path is None:
        raise PlanError(
            "No diffusion model was chosen.",
            "Choose a UNet or DiT file, or a whole checkpoint.",
        )
    found = opened[path].recognition.find("unet")
    if found is None:
        raise PlanError(
            f"{path.name} holds no diffusion model that this program knows: {_holds(opened[path])}.",
            "Choose the UNet or DiT file. A file of an unknown kind can still be inspected, "
            "converted and have its metadata edited.",
        )
    return _Chosen(found, sources.index(path))


def _holds(opened: Opened) -> str:
    parts = [part_name(part.part) for part in opened.recognition.parts]
    return "it holds " + _listed(parts) if parts else opened.recognition.evidence[0]


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _target(recipe: Assemble, opened: Opened, unet: _Chosen) -> Architecture:
    """Return the family to write: as recognised, as asked for, or its sibling of that prediction."""
    recognised = family(opened.recognition.architecture or unet.found.architecture or "")
    target = recognised
    if recipe.target is not None:
        try:
            target = family(recipe.target)
        except KeyError:
            raise PlanError(
                f"There is no model family “{recipe.target}”.",
                "Leave the target out to use the one that is recognised.",
            ) from None
    mine, theirs = recognised.unet.component, target.unet.component
    if (mine.lines, mine.arguments) != (theirs.lines, theirs.arguments):
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


def _choose(
    recipe: Assemble,
    architecture: Architecture,
    opened: Mapping[Path, Opened],
    sources: Sequence[Path],
    unet: _Chosen,
) -> tuple[dict[str, _Chosen], list[Problem]]:
    """Return which source gives which part, and what is wrong with the files that were named."""
    chosen = {"unet": unet}
    problems: list[Problem] = []
    for path in recipe.text_encoders:
        problems += _take_encoders(architecture, opened[path], sources.index(path), chosen)
    if recipe.vae is not None:
        problems += _take_vae(architecture, opened[recipe.vae], sources.index(recipe.vae), chosen)
    if recipe.clip_vision is not None:
        problems.append(_no_clip_vision(architecture, recipe.clip_vision))
    if recipe.base is not None:
        _fill_from(architecture, opened[recipe.base], sources.index(recipe.base), chosen)
    return chosen, problems


def _take_encoders(
    architecture: Architecture, opened: Opened, source: int, chosen: dict[str, _Chosen]
) -> list[Problem]:
    path = opened.checkpoint.path
    held = [part for part in opened.recognition.parts if part.part not in {"unet", "vae"}]
    wanted = [part for part in held if _suits(architecture, part)]
    if not wanted:
        return [_wrong_encoder(architecture, opened, held)]
    twice = [part for part in wanted if part.part in chosen]
    if twice and len(twice) == len(wanted):
        message = f"{path.name} holds {part_name(twice[0].part)}, which another file gives already."
        return [error(message, "Remove one of the two.", f"twice:{twice[0].part}")]
    for part in wanted:
        chosen.setdefault(part.part, _Chosen(part, source))
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
    sizes = {"clip_l": 768, "clip_g": 1280, "clip_h": 1024, "t5xxl": 4096}
    wants = [
        f"{part_name(name)} {sizes[name]}" for name in architecture.text_encoders if name in sizes
    ]
    if part.part not in sizes or not wants:
        return ""
    return f"{part_name(part.part)} gives {sizes[part.part]} values a token; wanted: {', '.join(wants)}."


def _take_vae(
    architecture: Architecture, opened: Opened, source: int, chosen: dict[str, _Chosen]
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
    chosen["vae"] = _Chosen(found, source)
    return []


def _no_clip_vision(architecture: Architecture, path: Path) -> Problem:
    return error(
        f"{architecture.name} checkpoints hold no CLIP vision model, so {path.name} has no place.",
        "Remove it.",
        "wrong-part:clip_vision",
    )


def _fill_from(
    architecture: Architecture, opened: Opened, source: int, chosen: dict[str, _Chosen]
) -> None:
    for part, placement in architecture.placements.items():
        found = opened.recognition.find(part)
        if found is not None and found.component == placement.component.id:
            chosen.setdefault(part, _Chosen(found, source))


def _absent(
    recipe: Assemble, architecture: Architecture, chosen: Mapping[str, _Chosen]
) -> tuple[list[Problem], list[str]]:
    problems: list[Problem] = []
    names: list[str] = []
    for part, placement in architecture.placements.items():
        if part in chosen:
            continue
        missing = saved_names(placement)
        names += missing
        problems.append(_absent_problem(recipe, architecture, part, placement, tuple(missing)))
    return problems, names


def _absent_problem(
    recipe: Assemble,
    architecture: Architecture,
    part: str,
    placement: Placement,
    names: tuple[str, ...],
) -> Problem:
    code = f"missing-part:{part}"
    label = part_name(part)
    if placement.optional:
        message = f"There is no {label}; {architecture.name} also works without it."
        return note(message, f"Add {label} for better prompts.", code, names)
    message = f"There is no {label}: {architecture.name} needs one."
    if recipe.allow_missing:
        return warning(message, "Whoever loads the checkpoint has to add it.", code, names)
    return error(message, f"Choose a file with {label}, or save without it.", code, names)


def _part(
    recipe: Assemble,
    architecture: Architecture,
    part: str,
    placement: Placement,
    chosen: _Chosen,
    files: Sequence[Opened],
) -> PartRows:
    source = files[chosen.source].checkpoint
    precision = precision_for(
        recipe.precision, part, text_encoder=part in architecture.text_encoders
    )
    result = build_part(placement, chosen.found, source, chosen.source, precision)
    more = advice(architecture, part, chosen.found.dtypes(source), precision)
    return PartRows(
        result.tensors, result.missing, result.added, result.dropped, (*result.problems, *more)
    )


def _summary(
    part: str, chosen: _Chosen, files: Sequence[Opened], rows: Sequence[PlannedTensor]
) -> PartSummary:
    source = files[chosen.source].checkpoint
    after: dict[str, int] = {}
    for row in rows:
        after[row.dtype.label] = after.get(row.dtype.label, 0) + row.nbytes
    return PartSummary(
        part=part,
        source=source.path,
        tensors=len(rows),
        bytes=sum(row.nbytes for row in rows),
        dtype_before=dtype_bytes(source, chosen.found.names),
        dtype_after=after,
    )


def _markers(
    architecture: Architecture, opened: Opened, source: int
) -> tuple[list[PlannedTensor], list[str]]:
    """Return the top-level tensors that say how the model predicts (``comfyui.md`` 1.2, 4.3)."""
    rows: list[PlannedTensor] = []
    added: list[str] = []
    for name, spec in architecture.markers.items():
        tensor = opened.checkpoint.tensors.get(name)
        if tensor is not None and tensor.dtype is DType.F32:
            rows.append(PlannedTensor(name, read(source, tensor), "unet"))
        else:
            rows.append(PlannedTensor(name, default_tensor(spec, DType.F32), "unet"))
            added.append(name)
    return rows, added


def _leftovers(files: Sequence[Opened]) -> list[Dropped]:
    return [
        Dropped(name, leftover_reason(name) or "it belongs to no part of the model", index)
        for index, file in enumerate(files)
        for name in file.recognition.other
    ]


def _left_out(files: Sequence[Opened]) -> list[Problem]:
    problems: list[Problem] = []
    for file in files:
        other = file.recognition.other
        if other:
            ema = sum(bool(leftover_reason(name)) for name in other)
            kind = " (training leftovers)" if ema == len(other) else ""
            problems.append(
                note(
                    f"{len(other):,} tensors of {file.checkpoint.path.name} fit no part{kind} "
                    "and are left out.",
                    code="left-out",
                    names=other,
                )
            )
    return problems
