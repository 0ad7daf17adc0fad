"""Plan a checkpoint from parts: what the result holds, and what is wrong with it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ckpt_studio.core.assembly.checkpoint_metadata import checkpoint_metadata
from ckpt_studio.core.assembly.choosing import Chosen, choose_parts, choose_target, choose_unet
from ckpt_studio.core.assembly.markers import markers_from
from ckpt_studio.core.assembly.part_rows import PartRows, build_part, saved_names
from ckpt_studio.core.assembly.precision_advice import advice
from ckpt_studio.core.expr import reads
from ckpt_studio.core.families.architecture import Architecture, Placement
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.plan import Dropped, PartSummary, Plan, PlannedTensor, file_order
from ckpt_studio.core.problems import Problem, error, note, warning
from ckpt_studio.core.recipe import Assemble, precision_for
from ckpt_studio.core.recognise import leftover_reason
from ckpt_studio.core.recognition import Opened, dtype_bytes
from ckpt_studio.core.text import counted


def assemble(
    recipe: Assemble,
    opened: Mapping[Path, Opened],
    *,
    title: str,
    placed: Callable[[Architecture], Architecture] | None = None,
) -> Plan:
    """Return the plan of one checkpoint; ``title`` goes into ``modelspec.title`` where it is due.

    ``placed`` returns the family with its parts elsewhere than in ComfyUI's checkpoints.

    Raises:
        PlanError: there is no diffusion model, its family is unknown, or the target is impossible.
    """
    sources = recipe.sources
    files = [opened[path] for path in sources]
    unet = choose_unet(recipe, opened, sources)
    vae = opened[recipe.vae].recognition.find("vae") if recipe.vae else None
    architecture = choose_target(recipe, opened[sources[unet.source]], unet, vae)
    if placed is not None:
        architecture = placed(architecture)
    chosen, problems = choose_parts(recipe, architecture, opened, sources, unet)
    results = {
        part: _part(recipe, architecture, part, chosen[part], files[chosen[part].source])
        for part in architecture.placements
        if part in chosen
    }
    markers = markers_from(architecture, files, unet.source)
    rows = (*(row for result in results.values() for row in result.tensors), *markers.rows)
    absent, absent_names = _absent(recipe, architecture, chosen)
    told = _Told(results.values())
    return Plan(
        verb="save",
        target=architecture.id,
        sources=tuple(file.checkpoint for file in files),
        tensors=tuple(sorted(rows, key=file_order)),
        metadata=checkpoint_metadata(
            architecture, recipe.metadata, title, [file.checkpoint.metadata for file in files]
        ),
        parts=tuple(
            _summary(part, chosen[part], files, result.tensors) for part, result in results.items()
        ),
        missing=(*told.missing, *absent_names, *markers.missing),
        dropped=(*told.dropped, *_leftovers(files, rows)),
        added=(*told.added, *markers.added),
        problems=(
            *problems,
            *absent,
            *told.problems,
            *markers.problems(architecture, allowed=recipe.allow_missing),
            *_not_loaded_again(architecture),
            *_left_out(files),
        ),
        on_overflow=recipe.on_overflow,
        overwrite=recipe.output.overwrite,
    )


class _Told:
    """What the parts say about themselves, one after the other."""

    def __init__(self, results: Iterable[PartRows]) -> None:
        parts = tuple(results)
        self.missing = tuple(name for part in parts for name in part.missing)
        self.dropped = tuple(drop for part in parts for drop in part.dropped)
        self.added = tuple(name for part in parts for name in part.added)
        self.problems = tuple(problem for part in parts for problem in part.problems)


def _absent(
    recipe: Assemble, architecture: Architecture, chosen: Mapping[str, Chosen]
) -> tuple[list[Problem], list[str]]:
    problems: list[Problem] = []
    names: list[str] = []
    for part, placement in architecture.placements.items():
        if part in chosen:
            continue
        missing = saved_names(placement)
        names += missing
        if part == "vae" and recipe.vae is not None:
            continue  # a VAE was named, and why it does not fit has been said
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
    if part == "clip_vision":
        message = f"There is no {label} model; {architecture.name} takes it from a file of its own."
        return note(message, "Add it to save everything in one file.", code, names)
    if placement.optional:
        message = f"There is no {label}; {architecture.name} also works without it."
        return note(message, f"Add {label} for better prompts.", code, names)
    message = f"There is no {label}: {architecture.name} needs one."
    if recipe.allow_missing:
        return warning(message, "Whoever loads the checkpoint has to add it.", code, names)
    return error(message, f"Choose a file with {label}, or save without it.", code, names)


def _part(
    recipe: Assemble, architecture: Architecture, part: str, chosen: Chosen, file: Opened
) -> PartRows:
    source, placement = file.checkpoint, architecture.placements[part]
    precision = precision_for(
        recipe.precision, part, text_encoder=part in architecture.text_encoders
    )
    result = build_part(placement, chosen.found, source, chosen.source, precision)
    more = advice(architecture, part, chosen.found.dtypes(source), precision)
    return PartRows(
        result.tensors, result.missing, result.added, result.dropped, (*result.problems, *more)
    )


def _summary(
    part: str, chosen: Chosen, files: Sequence[Opened], rows: Sequence[PlannedTensor]
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


def _not_loaded_again(architecture: Architecture) -> list[Problem]:
    return [warning(architecture.warning, code="reload")] if architecture.warning else []


def _leftovers(files: Sequence[Opened], rows: Sequence[PlannedTensor]) -> list[Dropped]:
    used = {(leaf.source, leaf.tensor.name) for row in rows for leaf in reads(row.expr)}
    return [
        Dropped(name, leftover_reason(name) or "it belongs to no part of the model", index)
        for index, file in enumerate(files)
        for name in file.recognition.other
        if (index, name) not in used
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
                    f"Left out of {file.checkpoint.path.name}: {counted(len(other), 'tensor')} "
                    f"of no part{kind}.",
                    code="left-out",
                    names=other,
                )
            )
    return problems
