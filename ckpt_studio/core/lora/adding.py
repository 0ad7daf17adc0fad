"""Put LoRAs into the expressions of a model: which tensors they change, and what they leave."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import Adapter, AddAdapter, Expr, cast, concat, rows, swap_halves
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.lora.kinds import fits, row_roles
from ckpt_studio.core.lora.looks import looks_like
from ckpt_studio.core.lora.matching import Matched, Shapes, match
from ckpt_studio.core.lora.modules import Module, Target
from ckpt_studio.core.lora.reading import modules_of, unknown_in
from ckpt_studio.core.plan import AdapterCoverage
from ckpt_studio.core.quantised import companions
from ckpt_studio.core.rewriting import with_source
from ckpt_studio.core.tensors import DType

_Place = tuple[str, str]
_Pieces = tuple[Expr, ...]
"""Consecutive rows of a tensor, which all together are the whole one."""

_INPUT = "img_in.weight"
_MATRIX = 2

_WHOLE = frozenset({DType.I64, DType.I32, DType.I16, DType.I8, DType.U8})

Strength = Callable[[str, str], float]
Tensors = Mapping[str, Mapping[str, Expr]]


@dataclass(frozen=True, slots=True)
class LoraFile:
    """An opened LoRA: its place among the sources of the plan, and how strong it is where.

    ``strength`` gives the factor for a part and ComfyUI's key in it; 0 leaves the tensor alone.
    """

    checkpoint: Checkpoint
    source: int
    strength: Strength


def with_adapters(
    parts: Tensors, architecture: str | None, loras: Sequence[LoraFile]
) -> tuple[dict[str, dict[str, Expr]], tuple[AdapterCoverage, ...]]:
    """Return the tensors of a model with LoRAs in them, in list order, and what each reaches.

    ``parts`` maps a part to its tensors under ComfyUI's names. Types stay: values are computed in
    fp32, through all LoRAs, and rounded once.

    Raises:
        PlanError: a LoRA reaches nothing of this model.
    """
    shapes = {
        part: {key: expr.shape for key, expr in tensors.items()} for part, tensors in parts.items()
    }
    coded = {part: _coded(tensors) for part, tensors in parts.items()}
    changed: dict[_Place, _Pieces] = {}
    coverage: list[AdapterCoverage] = []
    for lora in loras:
        modules = modules_of(lora.checkpoint)
        matched = match(modules, shapes, architecture)
        if not matched.targets:
            raise _misses(lora.checkpoint, modules, architecture)
        taken = [
            (target, module)
            for target, module in matched.targets
            if _takes(parts[target.part][target.key], coded[target.part], target, module)
        ]
        if not taken:
            raise _other_shapes(lora.checkpoint, modules, architecture)
        for target, module in taken:
            _change(changed, parts, target, module, lora)
        coverage.append(_coverage(lora.checkpoint, matched, taken, shapes))
    return _rounded(parts, changed), tuple(coverage)


def _coverage(
    checkpoint: Checkpoint,
    matched: Matched,
    taken: Sequence[tuple[Target, Module]],
    shapes: Mapping[str, Shapes],
) -> AdapterCoverage:
    held = {id(module) for _, module in taken}
    left = [(target, module) for target, module in matched.targets if id(module) not in held]
    return AdapterCoverage(
        source=checkpoint.path,
        kinds=tuple(sorted({module.kind for _, module in matched.targets})),
        touched=len({(target.part, target.key) for target, _ in taken}),
        unmatched=(*matched.unmatched, *unknown_in(checkpoint)),
        skipped=tuple(module.name for _, module in left),
        control=any(_wider(shapes[target.part][target.key], target, each) for target, each in left),
    )


def _wider(shape: tuple[int, ...], target: Target, module: Module) -> bool:
    """Whether a module is for an input layer with more channels, as control LoRAs of Flux have."""
    if module.kind != "lora" or target.key != _INPUT or len(shape) < _MATRIX:
        return False
    down = dict(module.tensors)["down"].shape
    return len(down) >= _MATRIX and down[1] > shape[1]


def _coded(tensors: Mapping[str, Expr]) -> frozenset[str]:
    """Return the layers whose weights are codes: what is added to them has to know their scale."""
    return frozenset(key.rpartition(".")[0] for key in companions(tensors))


def _takes(expr: Expr, coded: frozenset[str], target: Target, module: Module) -> bool:
    """Whether a module fits its tensor, and both hold values and no codes."""
    if not all(_number(factor.dtype) for _, factor in module.tensors):
        return False
    if not expr.dtype.convertible or target.key.rpartition(".")[0] in coded:
        return False
    shape = expr.shape
    if module.split and sum(module.split) != shape[0]:
        return False
    if target.rows is not None:
        shape = (target.rows[1] - target.rows[0], *shape[1:])
    return fits(module.kind, {role: factor.shape for role, factor in module.tensors}, shape)


def _number(dtype: DType) -> bool:
    """Whether values of a type can be computed with; alpha is a whole number now and then."""
    return dtype.convertible or dtype in _WHOLE


def _change(
    changed: dict[_Place, _Pieces], parts: Tensors, target: Target, module: Module, lora: LoraFile
) -> None:
    """Note what a module does to the tensor, or the rows of it, that it is for."""
    at = target.part, target.key
    strength = lora.strength(*at)
    if not strength:
        return
    pieces = changed.get(at, (parts[target.part][target.key],))
    factors = tuple((role, with_source(factor, lora.source)) for role, factor in module.tensors)
    adapter = Adapter(module.kind, factors, strength)
    start, stop = target.rows or (0, sum(piece.shape[0] for piece in pieces))
    whole = _joined(_cut(pieces, start, stop))
    new = _swapped(whole, adapter) if target.swapped else (AddAdapter(whole, adapter),)
    rest = sum(piece.shape[0] for piece in pieces)
    changed[at] = (*_cut(pieces, 0, start), *new, *_cut(pieces, stop, rest))


def _swapped(of: Expr, adapter: Adapter) -> _Pieces:
    """Change a tensor by an adapter that is for it with its halves exchanged."""
    own = _with_rows(adapter, swap_halves)
    if own is not None:
        return (AddAdapter(of, own),)
    result = AddAdapter(swap_halves(of), adapter)
    half = of.shape[0] // 2
    return rows(result, half, of.shape[0]), rows(result, 0, half)


def _with_rows(adapter: Adapter, change: Callable[[Expr], Expr]) -> Adapter | None:
    """Return an adapter with the rows of its factors changed, None where it has no such rows."""
    roles = row_roles(adapter.kind, [role for role, _ in adapter.tensors])
    if not roles:
        return None
    factors = ((role, change(of) if role in roles else of) for role, of in adapter.tensors)
    return replace(adapter, tensors=tuple(factors))


def _cut(pieces: _Pieces, start: int, stop: int) -> _Pieces:
    """Return rows of a tensor that consists of pieces."""
    found: list[Expr] = []
    first = 0
    for piece in pieces:
        last = first + piece.shape[0]
        if max(first, start) < min(last, stop):
            found.append(_rows(piece, max(first, start) - first, min(last, stop) - first))
        first = last
    return tuple(found)


def _rows(expr: Expr, start: int, stop: int) -> Expr:
    """Return rows, of a changed tensor those of what it is made of: nothing is computed twice."""
    if isinstance(expr, AddAdapter) and stop - start < expr.shape[0]:
        own = _with_rows(expr.adapter, lambda factor: rows(factor, start, stop))
        if own is not None:
            return AddAdapter(_rows(expr.of, start, stop), own)
    return rows(expr, start, stop)


def _joined(pieces: _Pieces) -> Expr:
    if len(pieces) == 1:
        return pieces[0]
    return concat(tuple(cast(piece, DType.F32) for piece in pieces))


def _rounded(parts: Tensors, changed: Mapping[_Place, _Pieces]) -> dict[str, dict[str, Expr]]:
    result = {part: dict(tensors) for part, tensors in parts.items()}
    for (part, key), pieces in changed.items():
        dtype = parts[part][key].dtype
        result[part][key] = concat(tuple(cast(piece, dtype) for piece in pieces))
    return result


def _misses(
    checkpoint: Checkpoint, modules: Sequence[Module], architecture: str | None
) -> PlanError:
    name = checkpoint.path.name
    if not modules:
        return PlanError(
            f"“{name}” is no LoRA: it holds no factors that this program knows.",
            "Choose a file with LoRA, LoHa, LoKr, OFT or other adapter weights.",
        )
    return PlanError(
        f"“{name}” reaches no tensor of this model: it looks like {looks_like(checkpoint)}.",
        _choose(architecture),
    )


def _other_shapes(
    checkpoint: Checkpoint, modules: Sequence[Module], architecture: str | None
) -> PlanError:
    return PlanError(
        f"“{checkpoint.path.name}” fits no tensor of this model: all {len(modules):,} of its"
        f" modules are for other sizes or for weights that are not quantised. It looks like"
        f" {looks_like(checkpoint)}.",
        _choose(architecture),
    )


def _choose(architecture: str | None) -> str:
    name = family(architecture).name if architecture else "this model"
    return f"Choose a LoRA that was made for {name}."
