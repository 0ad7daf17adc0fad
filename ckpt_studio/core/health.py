"""What may be wrong with a model file: rules over its header and the statistics of its values."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ckpt_studio.core.assembly.tidying import is_position_ids, left_out
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import reads
from ckpt_studio.core.families.architecture import Architecture, component, family
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.fixes import Fix
from ckpt_studio.core.metadata import RemoveKeys
from ckpt_studio.core.problems import Problem, Severity, error, note, warning
from ckpt_studio.core.quantised import is_companion
from ckpt_studio.core.recipe import Convert, Precision
from ckpt_studio.core.recognise import leftover_reason
from ckpt_studio.core.recognition import FoundPart, Opened
from ckpt_studio.core.statistics import TensorStatistics, Values
from ckpt_studio.core.stored_hashes import wrong_hashes
from ckpt_studio.core.tensors import DType
from ckpt_studio.core.text import binary_size, count, counted, listed

_MATRIX = 2
_SCALED_FLOATS = frozenset({DType.F8_E4M3, DType.F8_E5M2, DType.F8_E4M3FNUZ, DType.F8_E5M2FNUZ})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that may be wrong; ``fix`` is what a conversion can do about it."""

    problem: Problem
    fix: Fix | None = None


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings by how much they matter."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.problem.severity)))


def concerning(findings: Iterable[Finding], names: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings about some of these tensors; those about a file as a whole are left out.

    What is found about a source matters to a new checkpoint only where it is taken over.
    """
    return tuple(
        finding for finding in findings if any(name in names for name in finding.problem.names)
    )


def header_findings(opened: Opened) -> Iterator[Finding]:
    """Yield what the header alone tells."""
    checkpoint, found = opened.checkpoint, opened.recognition
    yield from map(Finding, (*checkpoint.problems, *found.problems))
    for part in found.parts:
        yield from _of_part(part, checkpoint)
    if found.architecture is not None:
        yield from _parts_beside(opened, family(found.architecture))
    yield from _leftovers(opened)
    yield from _float_positions(opened)


def _of_part(part: FoundPart, checkpoint: Checkpoint) -> Iterator[Finding]:
    name = part_name(part.part)
    if part.missing:
        lacking = counted(len(part.missing), "tensor")
        yield Finding(
            error(
                f"The {name} lacks {lacking}, such as {part.missing[0]}.",
                "The file is incomplete. Get it again, or take this part from another file.",
                f"incomplete:{part.part}",
                part.missing,
            )
        )
    if part.unexpected:
        names = tuple(part.prefix + key for key in part.unexpected)
        surplus = _surplus(part, checkpoint)
        yield Finding(
            note(
                f"The {name} has {counted(len(names), 'tensor')} that its model has no place for, "
                f"such as {names[0]}.",
                "Programs leave them out.",
                f"unexpected:{part.part}",
                names,
            ),
            Fix("Leave them out", drop=surplus) if surplus else None,
        )


def _surplus(part: FoundPart, checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return the tensors of the file that a part's model has no place for.

    What is unexpected has the model's own name, which some forms spell otherwise in the file: what
    is not there, or is read for another tensor, is left alone.
    """
    if not part.unexpected:
        return ()
    needed = {leaf.tensor.name for expr in part.tensors.values() for leaf in reads(expr)}
    names = (part.prefix + key for key in part.unexpected)
    return tuple(name for name in names if name in checkpoint.tensors and name not in needed)


def _parts_beside(opened: Opened, architecture: Architecture) -> Iterator[Finding]:
    """Say which parts a checkpoint has beside its model, and which it lacks."""
    found = opened.recognition
    if found.find("unet") is None:
        return
    wanted = [part for part in architecture.placements if part not in {"unet", "clip_vision"}]
    absent = [part for part in wanted if found.find(part) is None]
    if wanted and absent == wanted:
        names = listed([part_name(part) for part in absent])
        yield Finding(
            note(
                "The file holds the diffusion model alone.",
                f"It works together with files of {names}.",
                "model-only",
            )
        )
        return
    for part in absent:
        name = part_name(part)
        optional = architecture.placements[part].optional
        say = note if optional else warning
        yield Finding(
            say(
                f"There is no {name} in this checkpoint.",
                "It works without." if optional else f"Load {name} beside it, or assemble it anew.",
                f"missing-part:{part}",
            )
        )
    vae = found.find("vae")
    if vae is not None:
        types = " + ".join(vae.dtypes(opened.checkpoint))
        name = component(vae.component).name
        yield Finding(note(f"A VAE is baked in: {name}, {types}.", code="vae-baked"))


def _leftovers(opened: Opened) -> Iterator[Finding]:
    names = tuple(left_out(Convert(opened.checkpoint.path, prune=True), opened))
    if not names:
        return
    size = sum(opened.checkpoint.tensors[name].nbytes for name in names)
    kinds = listed(list(dict.fromkeys(leftover_reason(name).split(",")[0] for name in names)))
    yield Finding(
        note(
            f"Left from training: {counted(len(names), 'tensor')}, {binary_size(size)}: {kinds}.",
            "No program needs them to make pictures.",
            "leftovers",
            names,
        ),
        Fix("Leave them out", prune=True),
    )


def _float_positions(opened: Opened) -> Iterator[Finding]:
    names = tuple(
        tensor.name
        for tensor in opened.checkpoint.tensors.values()
        if is_position_ids(tensor) and tensor.dtype.convertible
    )
    if names:
        label = opened.checkpoint.tensors[names[0]].dtype.label
        yield Finding(
            warning(
                f"The position numbers of {_texts(names)} are stored as {label}.",
                "They should be whole numbers (I64); conversions and merges that know no better "
                "have turned them into weights.",
                "position-ids-type",
                names,
            ),
            Fix("Write them anew", fix_position_ids=True),
        )


def _texts(names: Sequence[str]) -> str:
    return "a text encoder" if len(names) == 1 else f"{len(names)} text encoders"


def broken_positions(names: tuple[str, ...]) -> Iterator[Finding]:
    """Yield a finding for position numbers that are not 0, 1, 2 and so on."""
    if names:
        yield Finding(
            warning(
                f"The position numbers of {_texts(names)} are wrong.",
                "A merge has broken them: some words of a prompt are read at the wrong place.",
                "position-ids",
                names,
            ),
            Fix("Write them anew", fix_position_ids=True),
        )


def duplicate_findings(opened: Opened, groups: Iterable[tuple[str, ...]]) -> Iterator[Finding]:
    """Yield a finding for tensors of the same content; each group holds the names of one."""
    groups = [group for group in groups if len(group) > 1]
    if not groups:
        return
    tensors = opened.checkpoint.tensors
    used = {
        name
        for part in opened.recognition.parts
        for name in set(part.names).difference(_surplus(part, opened.checkpoint))
    }
    wasted = sum(tensors[group[0]].nbytes * (len(group) - 1) for group in groups)
    beside = tuple(
        name
        for group in groups
        if any(name in used for name in group)
        for name in group
        if name not in used
    )
    first = groups[0]
    yield Finding(
        note(
            f"{binary_size(wasted)} are stored more than once: {first[0]} is the same as "
            f"{first[1]}{_and_more(len(groups) - 1)}.",
            "" if beside else "Programs may need both names.",
            "duplicates",
            tuple(name for group in groups for name in group),
        ),
        Fix("Leave out the copies", drop=beside) if beside else None,
    )


def _and_more(others: int) -> str:
    return f", and {counted(others, 'other')} like it" if others else ""


def hash_findings(opened: Opened, data_sha256: str) -> Iterator[Finding]:
    """Yield a finding for each hash in the metadata that is not the one of the tensors."""
    for problem in wrong_hashes(opened.checkpoint.metadata, data_sha256):
        key = problem.code.partition(":")[2]
        yield Finding(problem, Fix("Remove it", edits=(RemoveKeys(frozenset({key})),)))


def value_findings(opened: Opened, statistics: Sequence[TensorStatistics]) -> Iterator[Finding]:
    """Yield what the statistics of the values tell; of codes only that scaled floats are invalid.

    No scale turns a NaN or an infinity of fp8 into a number.
    """
    known = [(one, one.values) for one in statistics if one.values]
    weights = [(one, values) for one, values in known if not one.codes]
    yield from _invalid(
        [(one.name, values) for one, values in known if not one.codes or _scaled_float(one)]
    )
    yield from _zeros(opened, [one.name for one, v in weights if v.count and v.zeros == v.count])
    yield from _too_large(opened, weights)


def _scaled_float(one: TensorStatistics) -> bool:
    return one.dtype in _SCALED_FLOATS and not is_companion(one.name)


def _invalid(weights: Sequence[tuple[str, Values]]) -> Iterator[Finding]:
    bad = [(name, values) for name, values in weights if values.invalid]
    if not bad:
        return
    nans, infinities = (sum(v.nans for _, v in bad), sum(v.infinities for _, v in bad))
    kinds = [f"{count(nans)} NaN"] if nans else []
    kinds += [f"{count(infinities)} infinite"] if infinities else []
    yield Finding(
        error(
            f"{counted(len(bad), 'tensor')} hold invalid numbers ({' and '.join(kinds)}), "
            f"such as {bad[0][0]}."
            if len(bad) > 1
            else f"{bad[0][0]} holds invalid numbers ({' and '.join(kinds)}).",
            "Pictures may come out black. Take the part from another file.",
            "invalid-values",
            tuple(name for name, _ in bad),
        )
    )


def _zeros(opened: Opened, names: Sequence[str]) -> Iterator[Finding]:
    """Name weights that are all zero; biases and other small tensors often are."""
    shapes = {name: opened.checkpoint.tensors[name].shape for name in names}
    empty = tuple(name for name, shape in shapes.items() if len(shape) >= _MATRIX)
    if empty:
        verb = "is" if len(empty) == 1 else "are"
        yield Finding(
            note(
                f"{counted(len(empty), 'weight')} {verb} all zero, such as {empty[0]}.",
                "Some layers begin like that and never learn; a whole block of them is damage.",
                "all-zero",
                empty,
            )
        )


def _too_large(
    opened: Opened, weights: Sequence[tuple[TensorStatistics, Values]]
) -> Iterator[Finding]:
    over = [
        (one, misfit.too_large)
        for one, values in weights
        if (misfit := values.misfits.get(DType.F16)) and misfit.too_large
    ]
    if not over:
        return
    part_of = opened.recognition.part_of()
    parts = dict.fromkeys(part_of.get(one.name, "*") for one, _ in over)
    wide = any(one.dtype is not DType.BF16 for one, _ in over)
    number = sum(misfits for _, misfits in over)
    yield Finding(
        note(
            f"{counted(number, 'value')} of {counted(len(over), 'tensor')} "
            f"{'is' if number == 1 else 'are'} too large for fp16, such as in {over[0][0].name}.",
            "In fp16 they would become infinite. bf16 holds them.",
            "too-large:fp16",
            tuple(one.name for one, _ in over),
        ),
        Fix("Convert to bf16", precision=dict.fromkeys(parts, Precision.BF16)) if wide else None,
    )
