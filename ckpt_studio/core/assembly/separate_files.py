"""The parts of a checkpoint as files of their own, in the folders that ComfyUI's loaders read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from ckpt_studio.core.assembly.checkpoint_metadata import as_edits
from ckpt_studio.core.assembly.choosing import Chosen, choose_parts, choose_target, choose_unet
from ckpt_studio.core.assembly.source_names import plain_stem
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.part_names import is_text_encoder, part_name
from ckpt_studio.core.plan import OnOverflow, Plan, Report, WrittenFile
from ckpt_studio.core.problems import Problem, error, warning
from ckpt_studio.core.recipe import Assemble, Extract, Output, Precision, precision_for
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.text import counted

_FOLDERS = {"unet": "diffusion_models", "vae": "vae", "clip_vision": "clip_vision"}
_TEXT_ENCODERS = "text_encoders"
_ENDING = ".safetensors"
_SLOTS = {"text_encoder": "text encoder", "vae": "VAE", "clip_vision": "CLIP vision model"}
COMFYUI_FOLDERS = frozenset(
    [*_FOLDERS.values(), _TEXT_ENCODERS, "checkpoints", "unet", "clip", "loras", "vae_approx"]
)
"""Names of folders below ComfyUI's ``models``."""

_DTYPE_WORDS = {
    "F32": Precision.FP32.value,
    "F16": Precision.FP16.value,
    "BF16": Precision.BF16.value,
    "F8_E4M3": Precision.FP8_E4M3FN.value,
    "F8_E5M2": Precision.FP8_E5M2.value,
}


@dataclass(frozen=True, slots=True)
class PartFile:
    """One part: where it comes from, its file below the folder, and the recipe that writes it.

    ``proposed`` is the name it has unless the user gives one. ``recipe`` is None for a part that
    is left out.
    """

    part: str
    source: Path
    proposed: str
    file: str
    recipe: Extract | None


@dataclass(frozen=True, slots=True)
class SeparateFiles:
    """All parts in order, and what is wrong with the files that were named."""

    files: tuple[PartFile, ...]
    problems: tuple[Problem, ...]


def folder_of(part: str) -> str:
    """Return the folder below ComfyUI's ``models`` that a part belongs into."""
    return _FOLDERS.get(part, _TEXT_ENCODERS)


def separate_files(
    recipe: Assemble, opened: Mapping[Path, Opened], taken: Callable[[Path], bool]
) -> SeparateFiles:
    """Return a recipe for each part that ``recipe`` would put into one checkpoint.

    Args:
        recipe: what was chosen; its output is a folder, with names for parts that have one.
        opened: its sources.
        taken: whether a file exists; no name that is taken is proposed.

    Raises:
        PlanError: nothing was chosen, a family cannot be written, or a name leads out of the
            folder.
    """
    chosen, problems = _chosen(recipe, opened)
    names = _Names(recipe.output.path or Path(), taken)
    files: list[PartFile] = []
    for part, choice in chosen.items():
        source = opened[recipe.sources[choice.source]]
        precision = precision_for(recipe.precision, part, text_encoder=is_text_encoder(part))
        path = source.checkpoint.path
        proposed = names.free(folder_of(part), _name(part, choice, source, precision))
        file = recipe.output.names.get(part, proposed)
        names.use(file)
        made = _extract(recipe, part, path, file, precision) if file else None
        files.append(PartFile(part, path, proposed, file, made))
    return SeparateFiles(tuple(files), (*problems, *_wrong_level(recipe.output)))


class _Names:
    """The names below a folder that are taken, by files or by other parts."""

    def __init__(self, folder: Path, taken: Callable[[Path], bool]) -> None:
        self._folder, self._taken = folder, taken
        self._used: set[str] = set()

    def use(self, file: str) -> None:
        """Give a name to a part."""
        self._used.add(file)

    def free(self, folder: str, name: str) -> str:
        """Return ``folder/name``, with a number where that is taken."""
        stem = f"{folder}/{name.removesuffix(_ENDING)}"
        candidate, number = f"{stem}{_ENDING}", 2
        while candidate in self._used or self._taken(self._folder / candidate):
            candidate = f"{stem}_{number}{_ENDING}"
            number += 1
        return candidate


def _chosen(
    recipe: Assemble, opened: Mapping[Path, Opened]
) -> tuple[dict[str, Chosen], list[Problem]]:
    sources = recipe.sources
    if recipe.model or recipe.base:
        unet = choose_unet(recipe, opened, sources)
        vae = opened[recipe.vae].recognition.find("vae") if recipe.vae else None
        family = choose_target(recipe, opened[sources[unet.source]], unet, vae)
        chosen, problems = choose_parts(recipe, family, opened, sources, unet)
        order = [part for part in family.placements if part in chosen]
        return {part: chosen[part] for part in order}, problems
    return _without_model(recipe, opened)


def _without_model(
    recipe: Assemble, opened: Mapping[Path, Opened]
) -> tuple[dict[str, Chosen], list[Problem]]:
    """Return the parts that were named: a text encoder or a VAE needs no model to be a file."""
    named = (
        *((path, "text_encoder") for path in recipe.text_encoders),
        *((path, "vae") for path in (recipe.vae,) if path),
        *((path, "clip_vision") for path in (recipe.clip_vision,) if path),
    )
    if not named:
        raise PlanError("Nothing was chosen.", "Choose a model, a text encoder or a VAE.")
    chosen: dict[str, Chosen] = {}
    problems: list[Problem] = []
    for path, slot in named:
        parts = [part for part in opened[path].recognition.parts if _slot(part.part) == slot]
        new = [part for part in parts if part.part not in chosen]
        if not parts:
            message = f"{path.name} holds no {_SLOTS[slot]}."
            problems.append(error(message, "Choose another file.", f"wrong-part:{slot}"))
        elif not new:
            part = parts[0].part
            message = f"{path.name} holds {part_name(part)}, which another file gives already."
            problems.append(error(message, "Remove one of the two.", f"twice:{part}"))
        chosen |= {part.part: Chosen(part, recipe.sources.index(path)) for part in new}
    if not chosen:
        raise PlanError(problems[0].message, problems[0].hint)
    return chosen, problems


def _slot(part: str) -> str:
    return "text_encoder" if is_text_encoder(part) else part


def _name(part: str, choice: Chosen, source: Opened, precision: Precision) -> str:
    """Return ``SOURCE_PART_PRECISION.safetensors``; a source that is named so keeps its name."""
    base = plain_stem(source.checkpoint.path)
    if base.lower() != part and not base.lower().endswith((f"_{part}", f"-{part}", f".{part}")):
        base = f"{base}_{part}"
    sizes = choice.found.dtypes(source.checkpoint)
    stored = next(iter(sizes), "")
    word = _DTYPE_WORDS.get(stored, stored.lower())
    return f"{base}_{word if precision is Precision.KEEP else precision.value}{_ENDING}"


def _extract(recipe: Assemble, part: str, source: Path, file: str, precision: Precision) -> Extract:
    folder = recipe.output.path
    require_inside(part, file)
    model = part == "unet"
    return Extract(
        source=source,
        part=part,
        precision={} if precision is Precision.KEEP else {part: precision},
        on_overflow=recipe.on_overflow,
        metadata=as_edits(recipe.metadata),
        output=Output(
            path=folder / file if folder else None,
            overwrite=recipe.output.overwrite,
            shard_bytes=recipe.output.shard_bytes,
        ),
        target=recipe.target if model else None,
        prediction=recipe.prediction if model else None,
        ema=recipe.ema and model,
    )


def require_inside(part: str, file: str) -> None:
    """Refuse the name of a file for a part that is not below the folder it counts from.

    Raises:
        PlanError: it is absolute, or leads up.
    """
    posix, windows = PurePosixPath(file), PureWindowsPath(file)
    rooted = posix.is_absolute() or bool(windows.drive or windows.root)
    if rooted or ".." in windows.parts:
        raise PlanError(
            f"“{file}” leads out of the folder for the {part_name(part)}.",
            f"Give a name below it, such as {folder_of(part)}/name.safetensors.",
        )


def _wrong_level(output: Output) -> list[Problem]:
    """Warn of the folder of one kind of models: ComfyUI looks beside it, not below."""
    folder = output.path
    if folder is None or folder.name.lower() not in COMFYUI_FOLDERS:
        return []
    message = f"{folder.name} holds models of one kind; the folders for parts lie beside it."
    return [warning(message, f"Choose {folder.parent}.", "wrong-level")]


def together(
    separate: SeparateFiles, plans: Sequence[Plan], folder: Path | None, more: Sequence[Problem]
) -> Plan:
    """Return one plan that shows what several will write; it is for looking at alone.

    Rows name their file. Sizes and problems are those of all files; the disk has to have room for
    all of them, which ``more`` says.
    """
    files = [item.file for item in separate.files if item.recipe is not None]
    sources = {plan.sources[0].path: plan.sources[0] for plan in plans}
    own = (problem for plan in plans for problem in plan.problems if problem.code != "disk-space")
    free = [plan.free_bytes for plan in plans if plan.free_bytes is not None]
    return Plan(
        verb="extract",
        sources=tuple(sources.values()),
        tensors=tuple(
            replace(row, file=file)
            for file, plan in zip(files, plans, strict=True)
            for row in plan.tensors
        ),
        metadata=plans[0].metadata if plans else {},
        output=folder,
        target=next((plan.target for plan in plans), None),
        parts=tuple(part for plan in plans for part in plan.parts),
        missing=tuple(name for plan in plans for name in plan.missing),
        dropped=tuple(drop for plan in plans for drop in plan.dropped),
        added=tuple(name for plan in plans for name in plan.added),
        problems=(*separate.problems, *own, *more),
        on_overflow=plans[0].on_overflow if plans else OnOverflow.ERROR,
        overwrite=any(plan.overwrite for plan in plans),
        header_bytes=sum(plan.header_bytes for plan in plans),
        free_bytes=min(free, default=None),
        peak_memory_bytes=max((plan.peak_memory_bytes for plan in plans), default=0),
    )


def nothing_chosen(separate: SeparateFiles) -> Problem | None:
    """Return an error when every part is left out."""
    if any(item.recipe for item in separate.files):
        return None
    left = counted(len(separate.files), "part")
    return error(f"Nothing would be written: {left} left out.", "Tick a part.", "no-part")


def report_of_all(reports: Sequence[Report], folder: Path) -> Report:
    """Return what was written by several plans as one report; hashes are those of the files."""
    return Report(
        path=folder,
        bytes=sum(report.bytes for report in reports),
        seconds=sum(report.seconds for report in reports),
        overflowed=tuple(count for report in reports for count in report.overflowed),
        flushed=sum(report.flushed for report in reports),
        converted=sum(report.converted for report in reports),
        copied=sum(report.copied for report in reports),
        kept=tuple(name for report in reports for name in report.kept),
        verified=all(report.verified for report in reports),
        problems=tuple(problem for report in reports for problem in report.problems),
        files=tuple(
            WrittenFile(report.path, report.bytes, report.sha256, report.autov2, report.autov3)
            for report in reports
        ),
    )
