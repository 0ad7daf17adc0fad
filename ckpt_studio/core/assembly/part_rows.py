"""The rows that one part takes in a checkpoint: renamed, completed, in the chosen precision."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ckpt_studio.core.assembly.constants import default_tensor, text
from ckpt_studio.core.assembly.part_check import PartCheck
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import Constant, Expr, cast, reads
from ckpt_studio.core.families.architecture import Placement
from ckpt_studio.core.families.renames import apply_rules
from ckpt_studio.core.families.templates import Spec
from ckpt_studio.core.plan import Dropped, PlannedTensor
from ckpt_studio.core.problems import Problem, note, warning
from ckpt_studio.core.quantised import is_companion, is_quantised
from ckpt_studio.core.recipe import Precision
from ckpt_studio.core.recognition import FoundPart
from ckpt_studio.core.rewriting import with_source
from ckpt_studio.core.tensors import DType


@dataclass(frozen=True, slots=True)
class PartRows:
    """What becomes of one part."""

    tensors: tuple[PlannedTensor, ...]
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    problems: tuple[Problem, ...] = ()


def saved_names(placement: Placement) -> list[str]:
    """Return the names a complete part has in a checkpoint of its family."""
    specs = _wanted(placement, placement.component.specs())
    stand_ins: dict[str, Expr] = {
        key: Constant(spec.dtype or DType.F16, spec.usual_shape, b"")
        for key, spec in specs.items()
        if not spec.optional
    }
    return [placement.prefix + name for name in apply_rules(placement.rules, stand_ins)]


def build_part(
    placement: Placement,
    found: FoundPart,
    checkpoint: Checkpoint,
    source: int,
    precision: Precision,
) -> PartRows:
    """Return the rows of a part in the checkpoint, with what is missing, added and left out."""
    wanted = _wanted(placement, placement.component.specs(found.tensors))
    own = {key: with_source(expr, source) for key, expr in found.tensors.items()}
    stood_in = _stand_ins(placement, wanted, own)
    own |= stood_in
    quantised = is_quantised(own.keys())
    dtype = _part_dtype(own, wanted, precision)
    free, fixed, missing, added = _sort(wanted, own, dtype)
    carried = {key: expr for key, expr in own.items() if is_companion(key)}
    carried |= _quantisation_settings(checkpoint, found, own)
    saved = _saved(placement, free, dtype)
    rows = {name: _converted(expr, precision, quantised) for name, expr in saved.items()}
    rows |= apply_rules(placement.rules, {**fixed, **carried})
    prefix = placement.prefix
    return PartRows(
        tensors=tuple(PlannedTensor(prefix + key, rows[key], found.part) for key in rows),
        missing=tuple(prefix + key for key in _names(placement, missing)),
        added=tuple(prefix + key for key in _names(placement, [*added, *stood_in])),
        dropped=_dropped(placement, found, source, wanted),
        problems=(
            *PartCheck(found, checkpoint, wanted, own).problems(precision, missing),
            *_stand_in_note(found, stood_in),
            *_form_warning(placement, found),
        ),
    )


def _wanted(placement: Placement, specs: Mapping[str, Spec]) -> dict[str, Spec]:
    kept = {key: spec for key, spec in specs.items() if key not in placement.omit}
    return {**kept, **placement.add}


def _stand_ins(
    placement: Placement, wanted: Mapping[str, Spec], own: Mapping[str, Expr]
) -> dict[str, Expr]:
    """Return what takes the place of tensors that files of this part may lack."""
    component = placement.component
    return {
        key: own[other]
        for key in wanted
        if key not in own and (other := component.stand_in(key)) is not None and other in own
    }


def _stand_in_note(found: FoundPart, stood_in: Mapping[str, Expr]) -> tuple[Problem, ...]:
    if not stood_in:
        return ()
    message = (
        f"The {found.part} lacks {len(stood_in):,} tensors of a layer that the model does not use; "
        "copies of the layer before take their place."
    )
    return (note(message, code=f"stand-in:{found.part}", names=tuple(stood_in)),)


def _form_warning(placement: Placement, found: FoundPart) -> tuple[Problem, ...]:
    """Say what the spelling of a source does not hold (``formats.md`` 3.3)."""
    text = next((f.warning for f in placement.component.forms if f.name == found.form), "")
    return (warning(text, code=f"form:{found.part}"),) if text else ()


def _part_dtype(own: Mapping[str, Expr], wanted: Mapping[str, Spec], precision: Precision) -> DType:
    """Return the precision of the part's weights: as chosen, else that of most of its bytes."""
    if precision.dtype is not None:
        return precision.dtype
    sizes: Counter[DType] = Counter()
    for key, expr in own.items():
        if key in wanted and wanted[key].dtype is None and expr.dtype.convertible:
            sizes[expr.dtype] += expr.dtype.nbytes(expr.shape)
    return sizes.most_common(1)[0][0] if sizes else DType.F16


def _sort(
    wanted: Mapping[str, Spec], own: Mapping[str, Expr], dtype: DType
) -> tuple[dict[str, Expr], dict[str, Expr], list[str], list[str]]:
    """Return tensors that follow the precision, the others, what is missing and what is made."""
    free: dict[str, Expr] = {}
    fixed: dict[str, Expr] = {}
    missing: list[str] = []
    added: list[str] = []
    for key, spec in wanted.items():
        expr = own.get(key)
        if expr is None and spec.optional:
            continue
        if expr is None or spec.default == "arange":
            if spec.default is None:
                missing.append(key)
                continue
            expr = default_tensor(spec, dtype)
            added.append(key)
        if spec.dtype is None:
            free[key] = expr
        else:
            both = expr.dtype.convertible and spec.dtype.convertible
            fixed[key] = cast(expr, spec.dtype) if both else expr
    return free, fixed, missing, added


def _saved(placement: Placement, free: Mapping[str, Expr], dtype: DType) -> dict[str, Expr]:
    """Return the tensors under the names of the checkpoint.

    Where tensors of different types have to be joined, all take the type of the part first.
    """
    saved = apply_rules(placement.rules, free)
    if any("#" in key for key in saved):
        saved = apply_rules(
            placement.rules,
            {key: cast(e, dtype) if e.dtype.convertible else e for key, e in free.items()},
        )
    return saved


def _converted(expr: Expr, precision: Precision, quantised: bool) -> Expr:
    if precision.dtype is None or quantised or not expr.dtype.convertible:
        return expr
    return cast(expr, precision.dtype)


def _quantisation_settings(
    checkpoint: Checkpoint, found: FoundPart, own: Mapping[str, Expr]
) -> dict[str, Expr]:
    """Return the layers' quantisation settings from the metadata as tensors.

    ComfyUI finds them in a checkpoint only as ``<layer>.comfy_quant`` tensors (``comfyui.md`` 0.5).
    """
    raw = checkpoint.metadata.get("_quantization_metadata")
    if raw is None:
        return {}
    try:
        layers = json.loads(raw)["layers"]
        settings = {str(layer): json.dumps(value) for layer, value in layers.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    result: dict[str, Expr] = {}
    for layer, value in settings.items():
        key = layer.removeprefix(found.prefix)
        if f"{key}.weight" in own and f"{key}.comfy_quant" not in own:
            result[f"{key}.comfy_quant"] = text(value.encode())
    return result


def _names(placement: Placement, keys: Iterable[str]) -> list[str]:
    """Return checkpoint names for keys of the part, several keys joined into one named once."""
    names: list[str] = []
    for key in keys:
        for rule in placement.rules:
            new = rule.match(key)
            if new is not None:
                names += new
                break
        else:
            names.append(key)
    return list(dict.fromkeys(names))


def _dropped(
    placement: Placement, found: FoundPart, source: int, wanted: Mapping[str, Spec]
) -> tuple[Dropped, ...]:
    ignored = placement.component.ignored
    reasons: dict[str, str] = {}
    for key in found.unexpected:
        reasons[key] = "the model has no tensor of this name"
    for key in found.ignored:
        reasons[key] = next(text for start, text in ignored.items() if key.startswith(start))
    for key, expr in found.tensors.items():
        if key in placement.omit:
            for leaf in reads(expr):
                reasons[leaf.tensor.name.removeprefix(found.prefix)] = (
                    "models of this family do not hold it"
                )
    return tuple(
        Dropped(found.prefix + key, reason, source)
        for key, reason in reasons.items()
        if key not in wanted
    )
