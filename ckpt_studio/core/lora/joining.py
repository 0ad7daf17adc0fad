"""The plan of LoRAs joined into one: the exact sum, or the nearest of another rank.

Sums of factors, as other programs make them, have cross terms and squared strengths
(``merging.md`` 2.5); here W = Σ strength·(α/r)·up·down is kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import Adapter, AddAdapter, Expr, Zeros, cast
from ckpt_studio.core.lora.factoring import dtype_of, pair, plain_loras, require_ranks
from ckpt_studio.core.lora.families import family_of, target_shape, targets_in
from ckpt_studio.core.lora.kinds import DORA, fits, kind_named
from ckpt_studio.core.lora.looks import looks_like
from ckpt_studio.core.lora.matching import UNET, plain_name
from ckpt_studio.core.lora.modules import Module, Target
from ckpt_studio.core.lora.naming import network_metadata
from ckpt_studio.core.lora.reading import modules_of, unknown_in
from ckpt_studio.core.lora.recipes import MergeLoras
from ckpt_studio.core.metadata import apply_all
from ckpt_studio.core.plan import Plan, PlannedTensor, file_order
from ckpt_studio.core.problems import Problem, note
from ckpt_studio.core.recipe import LoraUse
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.rewriting import with_source
from ckpt_studio.core.text import counted

_ALONE = frozenset({"lora", "loha", "lokr", "diff", "diff_b"})
"""Kinds whose change does not depend on the weight that they are added to."""

_KEPT = ("ss_v2", "ss_base_model_version", "ss_network_args", "modelspec.architecture")
_VECTORS = frozenset({"diff", "diff_b"})


@dataclass(frozen=True, slots=True)
class _Use:
    """A module of one of the LoRAs, with its strength and what it is for, where that is known."""

    module: Module
    strength: float
    source: int
    path: Path
    target: Target | None


def merge_loras(recipe: MergeLoras, opened: Mapping[Path, Opened]) -> Plan:
    """Return the plan of one LoRA that does what several do; reads nothing but headers.

    LoRAs of one model may be spelled differently. Without a rank it is the exact sum, whose rank is
    the sum of ranks.

    Raises:
        PlanError: a file is no LoRA, they are for different models, or a module can only be applied
            to a model (DoRA, OFT, …), or not be joined without a rank (LoHa, LoKr).
    """
    require_ranks(recipe)
    files = {use.path: _modules(opened[use.path]) for use in recipe.loras}
    if not files:
        raise PlanError("There is no LoRA to write.", "Choose one or more LoRA files.")
    family = family_of(next(iter(files.values())))
    groups: dict[object, list[_Use]] = {}
    for use in recipe.loras:
        for each in _uses(use, recipe, files[use.path], family):
            at = each.target or (each.module.name, each.module.kind == "diff_b")
            groups.setdefault(at, []).append(each)
    rows = [row for uses in groups.values() for row in _rows(recipe, uses, family)]
    if not rows:
        raise PlanError(
            "Nothing would be left: all strengths or all changes are 0.",
            "Give a LoRA a strength other than 0.",
        )
    return Plan(
        verb="lora",
        sources=tuple(opened[path].checkpoint for path in recipe.sources),
        tensors=tuple(sorted(rows, key=file_order)),
        metadata=_metadata(recipe, opened[recipe.sources[0]], rows, family),
        target=family,
        problems=tuple(_problems(recipe, opened)),
        on_overflow=recipe.on_overflow,
        overwrite=recipe.output.overwrite,
    )


def _modules(opened: Opened) -> tuple[Module, ...]:
    modules = modules_of(opened.checkpoint)
    if not modules:
        raise PlanError(
            f"“{opened.checkpoint.path.name}” is no LoRA: it holds no factors that are known.",
            "Choose LoRA files.",
        )
    return modules


def _uses(
    use: LoraUse, recipe: MergeLoras, modules: tuple[Module, ...], family: str | None
) -> Iterator[_Use]:
    if use.blocks:
        raise PlanError(
            "Weights of blocks are for a LoRA that goes into a model.",
            "Leave them out, or merge the LoRA into the model.",
        )
    found = {id(module): target for target, module in targets_in(modules, family)} if family else {}
    for module in modules:
        if module.split:
            raise _in_pieces(use.path, module)
        target = found.get(id(module))
        strength = use.strength
        if _in_text_encoder(module, target) and use.te_strength is not None:
            strength = use.te_strength
        if strength:
            yield _Use(module, strength, recipe.sources.index(use.path), use.path, target)


def _in_pieces(path: Path, module: Module) -> PlanError:
    return PlanError(
        f"“{path.name}” holds fused weights in pieces, such as {module.name}: these cannot be "
        "joined or resized.",
        "Merge this file into a model instead.",
    )


def _in_text_encoder(module: Module, target: Target | None) -> bool:
    if target is not None:
        return target.part != UNET
    return module.name.startswith(("lora_te", "text_encoder", "oft_te"))


def _rows(recipe: MergeLoras, uses: list[_Use], family: str | None) -> Iterator[PlannedTensor]:
    first = uses[0]
    change = _change(uses, family)
    name, dtype = plain_name(first.module.name), dtype_of(recipe.precision)
    part = first.target.part if first.target else ""
    if all(use.module.kind in _VECTORS for use in uses):
        yield PlannedTensor(f"{name}.{first.module.kind}", cast(change, dtype), part)
        return
    most = min(change.shape[0], prod(change.shape[1:]))
    wanted = recipe.ranks.get(name, recipe.rank)
    plain = plain_loras(change)
    if plain is None:
        if wanted is None:
            raise _needs_rank(next(use for use in uses if not _is_plain(use)))
        yield from pair(name, change, min(wanted, most), dtype, part)
        return
    rank = sum(dict(each.tensors)["down"].shape[0] for each in plain)
    if wanted is None or rank <= wanted:
        yield from pair(name, change, rank, dtype, part, exact=True)
    else:
        yield from pair(name, change, min(wanted, most), dtype, part)


def _is_plain(use: _Use) -> bool:
    return use.module.kind == "lora" and "mid" not in dict(use.module.tensors)


def _change(uses: list[_Use], family: str | None) -> Expr:
    """Return what the modules add to their tensor, all together."""
    shapes = [_shape(use, family) for use in uses]
    for use, shape in zip(uses, shapes, strict=True):
        factors = {role: factor.shape for role, factor in use.module.tensors}
        if not fits(use.module.kind, factors, shape):
            raise PlanError(
                f"“{use.path.name}” is damaged: the factors of {use.module.name} do not fit "
                "each other.",
                "Get the file again.",
            )
        if shape != shapes[0]:
            raise PlanError(
                f"“{use.path.name}” and “{uses[0].path.name}” are for different models: "
                f"{use.module.name} has other sizes.",
                "Join LoRAs of one model family.",
            )
    change: Expr = Zeros(shapes[0])
    for use in uses:
        sources = ((role, with_source(each, use.source)) for role, each in use.module.tensors)
        change = AddAdapter(change, Adapter(use.module.kind, tuple(sources), use.strength))
    return change


def _shape(use: _Use, family: str | None) -> tuple[int, ...]:
    """Return the shape of what a module adds, which plain factors tell themselves."""
    module, factors = use.module, dict(use.module.tensors)
    kind = kind_named(module.kind).name
    if module.kind not in _ALONE or DORA in factors:
        kind = "DoRA" if DORA in factors else kind
        raise PlanError(
            f"“{use.path.name}” holds {kind} modules, such as {module.name}: what they change "
            "depends on the weights of the model.",
            "Merge this file into a model instead.",
        )
    if _is_plain(use):
        return (factors["up"].shape[0], *factors["down"].shape[1:])
    if module.kind in _VECTORS:
        return factors[module.kind].shape
    if use.target is None or family is None:
        raise PlanError(
            f"“{use.path.name}” holds {kind} modules, such as {module.name}, for a model that is "
            "not known.",
            "Merge this file into its model instead.",
        )
    return target_shape(use.target, family)


def _needs_rank(use: _Use) -> PlanError:
    kind = kind_named(use.module.kind).name
    return PlanError(
        f"“{use.path.name}” holds {kind} modules, such as {use.module.name}, which have no exact "
        "sum as a LoRA.",
        "Choose a rank: the nearest LoRA of that rank is written.",
    )


def _metadata(
    recipe: MergeLoras, first: Opened, rows: list[PlannedTensor], family: str | None
) -> dict[str, str]:
    ends = (".lora_down.weight", ".lora_A.weight")
    ranks = {row.shape[0] for row in rows if row.name.endswith(ends)}
    metadata = network_metadata(family, ranks.pop() if len(ranks) == 1 else None)
    given = first.checkpoint.metadata
    kept = {key: given[key] for key in _KEPT if key in given}
    return dict(apply_all(recipe.metadata.edits, {**metadata, **kept}))


def _problems(recipe: MergeLoras, opened: Mapping[Path, Opened]) -> Iterator[Problem]:
    for path in recipe.sources:
        checkpoint = opened[path].checkpoint
        unknown = unknown_in(checkpoint)
        if unknown:
            yield note(
                f"“{path.name}” holds {counted(len(unknown), 'tensor')} that are no factors of "
                f"{looks_like(checkpoint)}.",
                "They are left out.",
                "unknown-factors",
                unknown,
            )
