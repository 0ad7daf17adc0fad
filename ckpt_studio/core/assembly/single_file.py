"""Plans that have one source: convert it, take one part out of it, or change its metadata."""

from collections.abc import Mapping

from ckpt_studio.core.assembly.choosing import Chosen, choose_target
from ckpt_studio.core.assembly.ema import with_ema
from ckpt_studio.core.assembly.kept_types import Guard, fixed_types
from ckpt_studio.core.assembly.markers import markers_from
from ckpt_studio.core.assembly.tidying import is_position_ids, left_out, positions, tidying_problems
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import cast, read, reads
from ckpt_studio.core.families.part_names import is_text_encoder, part_name
from ckpt_studio.core.metadata import Metadata, apply_all
from ckpt_studio.core.plan import Dropped, PartSummary, Plan, PlannedTensor, file_order
from ckpt_studio.core.problems import Problem, error, note
from ckpt_studio.core.quantised import is_quantised
from ckpt_studio.core.recipe import Convert, EditMetadata, Extract, Precision, precision_for
from ckpt_studio.core.recognition import FoundPart, Opened, dtype_bytes
from ckpt_studio.core.tensors import TensorInfo
from ckpt_studio.core.text import counted


def convert(recipe: Convert, opened: Opened) -> Plan:
    """Return the plan of the same tensors in another precision."""
    checkpoint, recognition = opened.checkpoint, opened.recognition
    part_of = recognition.part_of()
    guard = Guard(opened)
    rows: list[PlannedTensor] = []
    skipped: dict[str, str] = {}
    gone = left_out(recipe, opened)
    for tensor in checkpoint.tensors.values():
        if tensor.name in gone:
            continue
        part = part_of.get(tensor.name, "")
        if recipe.fix_position_ids and is_position_ids(tensor):
            rows.append(PlannedTensor(tensor.name, positions(tensor.shape), part))
            continue
        precision = precision_for(recipe.precision, part, text_encoder=is_text_encoder(part))
        row, reason = _converted(tensor, part, precision, guard)
        rows.append(row)
        if reason:
            skipped[tensor.name] = reason
    return Plan(
        verb="convert",
        target=recognition.architecture,
        sources=(checkpoint,),
        tensors=tuple(sorted(rows, key=file_order)),
        metadata=dict(apply_all(recipe.metadata.edits, checkpoint.metadata)),
        parts=summaries(checkpoint, rows),
        dropped=tuple(Dropped(name, reason) for name, reason in gone.items()),
        problems=(*tidying_problems(recipe, opened), *_skip_notes(skipped)),
        on_overflow=recipe.on_overflow,
        overwrite=recipe.output.overwrite,
    )


def _converted(
    tensor: TensorInfo, part: str, precision: Precision, guard: Guard
) -> tuple[PlannedTensor, str]:
    expr = read(0, tensor)
    if precision.dtype is None or precision.dtype is tensor.dtype:
        return PlannedTensor(tensor.name, expr, part), ""
    reason = guard.reason(tensor)
    if reason:
        return PlannedTensor(tensor.name, expr, part), reason
    return PlannedTensor(tensor.name, cast(expr, precision.dtype), part), ""


def _skip_notes(skipped: Mapping[str, str]) -> tuple[Problem, ...]:
    groups: dict[str, list[str]] = {}
    for name, reason in skipped.items():
        groups.setdefault(reason, []).append(name)
    return tuple(
        note(
            f"Not converted: {counted(len(names), 'tensor')}, {reason}.",
            code="kept",
            names=tuple(names),
        )
        for reason, names in groups.items()
    )


def extract(recipe: Extract, opened: Opened) -> Plan:
    """Return the plan of one part in its standalone form, under the names its loaders read.

    Raises:
        PlanError: the file has no such part.
    """
    checkpoint = opened.checkpoint
    part = _part_to_extract(recipe, opened)
    precision = precision_for(recipe.precision, part.part, text_encoder=is_text_encoder(part.part))
    rows = [*_standalone(part, precision), *_standalone_markers(recipe, opened, part)]
    problems: list[Problem] = []
    if is_quantised(part.tensors.keys()) and precision is not Precision.KEEP:
        message = f"The {part.part} in {checkpoint.path.name} is quantised and can only be kept."
        problems.append(error(message, "Choose Keep.", f"quantised:{part.part}"))
    return Plan(
        verb="extract",
        target=opened.recognition.architecture,
        sources=(checkpoint,),
        tensors=tuple(sorted(rows, key=file_order)),
        metadata=dict(apply_all(recipe.metadata.edits, {"format": "pt"})),
        parts=summaries(checkpoint, rows),
        dropped=tuple(
            Dropped(part.prefix + key, "the model has no tensor of this name")
            for key in part.unexpected
        ),
        missing=part.missing,
        problems=tuple(problems),
        on_overflow=recipe.on_overflow,
        overwrite=recipe.output.overwrite,
    )


def _part_to_extract(recipe: Extract, opened: Opened) -> FoundPart:
    checkpoint, recognition = opened.checkpoint, opened.recognition
    part = recognition.find(recipe.part)
    if part is None:
        held = ", ".join(found.part for found in recognition.parts) or "none that is known"
        raise PlanError(
            f"{checkpoint.path.name} holds no {part_name(recipe.part)}.",
            f"Parts in this file: {held}.",
        )
    return with_ema(part, checkpoint) if recipe.ema and part.part == "unet" else part


def _standalone(part: FoundPart, precision: Precision) -> list[PlannedTensor]:
    """Return the tensors of a part under their own names; quantised and fixed ones are kept."""
    fixed, dtype = fixed_types(part), precision.dtype
    if is_quantised(part.tensors.keys()):
        dtype = None
    return [
        PlannedTensor(
            key,
            cast(expr, dtype) if dtype and expr.dtype.convertible and not fixed.get(key) else expr,
            part.part,
        )
        for key, expr in part.tensors.items()
    ]


def _standalone_markers(recipe: Extract, opened: Opened, part: FoundPart) -> list[PlannedTensor]:
    """Return the prediction markers, which a UNet file holds beside its keys.

    (``comfyui.md`` 0.6)
    """
    if part.part != "unet":
        return []
    wanted = choose_target(recipe, opened, Chosen(part, 0))
    return list(markers_from(wanted, [opened], 0).rows)


def edit_metadata(recipe: EditMetadata, opened: Opened) -> Plan:
    """Return the plan of the same file with other metadata: every byte and the order stay."""
    checkpoint = opened.checkpoint
    part_of = opened.recognition.part_of()
    rows = [
        PlannedTensor(tensor.name, read(0, tensor), part_of.get(tensor.name, ""))
        for tensor in checkpoint.tensors.values()
    ]
    metadata = dict(apply_all(recipe.edits, checkpoint.metadata))
    return Plan(
        verb="meta",
        target=opened.recognition.architecture,
        sources=(checkpoint,),
        tensors=tuple(rows),
        metadata=metadata,
        parts=summaries(checkpoint, rows),
        problems=_stale_hash(checkpoint.metadata, metadata),
        overwrite=recipe.output.overwrite,
        same_data=checkpoint.container == "safetensors",
    )


def _stale_hash(before: Metadata, after: Metadata) -> tuple[Problem, ...]:
    """Tell of a hash that covers the training metadata when those change (``merging.md`` 3.4)."""
    key = "sshs_legacy_hash"
    covered = {name for name in {*before, *after} if name.startswith("ss_")}
    if key not in after or all(before.get(name) == after.get(name) for name in covered):
        return ()
    message = f"{key} covers the ss_… keys and may not be right any more."
    hint = "Remove it. The hashes of the tensors, such as sshs_model_hash, stay right."
    return (note(message, hint, "legacy-hash"),)


def summaries(checkpoint: Checkpoint, rows: list[PlannedTensor]) -> tuple[PartSummary, ...]:
    """Return what each part of one source becomes, "other" for tensors of none."""
    groups: dict[str, list[PlannedTensor]] = {}
    for row in rows:
        groups.setdefault(row.part, []).append(row)
    return tuple(
        PartSummary(
            part=part or "other",
            source=checkpoint.path,
            tensors=len(group),
            bytes=sum(row.nbytes for row in group),
            dtype_before=dtype_bytes(
                checkpoint,
                tuple(dict.fromkeys(leaf.tensor.name for row in group for leaf in reads(row.expr))),
            ),
            dtype_after=_after(group),
        )
        for part, group in groups.items()
    )


def _after(rows: list[PlannedTensor]) -> dict[str, int]:
    after: dict[str, int] = {}
    for row in rows:
        after[row.dtype.label] = after.get(row.dtype.label, 0) + row.nbytes
    return after
