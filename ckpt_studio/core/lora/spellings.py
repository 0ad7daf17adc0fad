"""What other programs call the tensors of a part: its names in every spelling that is known.

The rules are those that read such files (``resources/components``), used backwards on the names of
the model: a name in another spelling leads to a tensor, or to some rows of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from ckpt_studio.core.expr import Concat, Expr, Read, Reshape, Rows, read
from ckpt_studio.core.families.architecture import Component, component, components, family
from ckpt_studio.core.families.renames import Rule, apply_rules, inverse, parse_rules
from ckpt_studio.core.lora.modules import Target
from ckpt_studio.core.tensors import DType, TensorInfo

Names = Mapping[str, Target]
"""Names with ``_`` for ``.``, which is how kohya's programs write them."""

_TWO = 2

_XLABS = (
    ("double_blocks.{i}.qkv_lora1.", "double_blocks.{i}.img_attn.qkv."),
    ("double_blocks.{i}.qkv_lora2.", "double_blocks.{i}.txt_attn.qkv."),
    ("double_blocks.{i}.proj_lora1.", "double_blocks.{i}.img_attn.proj."),
    ("double_blocks.{i}.proj_lora2.", "double_blocks.{i}.txt_attn.proj."),
    ("single_blocks.{i}.qkv.", "join 0 3", "single_blocks.{i}.linear1."),
    ("single_blocks.{i}.mlp.", "join 1 4", "single_blocks.{i}.linear1."),
    ("single_blocks.{i}.proj.", "single_blocks.{i}.linear2."),
)
"""The attention processors of xlabs for Flux (``merging.md`` 4.1)."""

_OLD_ENCODER = (
    ("{s}.encoder.layers.{i}.self_attn.to_q.", "{s}.encoder.layers.{i}.self_attn.q_proj."),
    ("{s}.encoder.layers.{i}.self_attn.to_k.", "{s}.encoder.layers.{i}.self_attn.k_proj."),
    ("{s}.encoder.layers.{i}.self_attn.to_v.", "{s}.encoder.layers.{i}.self_attn.v_proj."),
    ("{s}.encoder.layers.{i}.self_attn.to_out.", "{s}.encoder.layers.{i}.self_attn.out_proj."),
)
"""The text encoder in the first LoRAs of diffusers."""


def underscored(name: str) -> str:
    """Return a name as kohya's programs write it."""
    return name.replace(".", "_")


def native(part: str, shapes: Mapping[str, tuple[int, ...]]) -> Names:
    """Return ComfyUI's own names of a part's tensors."""
    return {underscored(key): Target(part, key) for key in shapes}


def others(
    part: str, shapes: Mapping[str, tuple[int, ...]], architecture: str | None
) -> dict[str, Target]:
    """Return the names that other programs give the tensors of a part, diffusers' first."""
    tensors: dict[str, Expr] = {
        key: read(0, TensorInfo(key, DType.F32, shape, 0, DType.F32.nbytes(shape)))
        for key, shape in shapes.items()
    }
    names: dict[str, Target] = {}
    for spelled in _spelled(part, tensors, architecture):
        for name, expr in spelled.items():
            target = _target(part, expr)
            if target is not None:
                names.setdefault(underscored(name), target)
    return names


def _spelled(
    part: str, tensors: Mapping[str, Expr], architecture: str | None
) -> Iterator[dict[str, Expr]]:
    found = _component(part, architecture)
    forms = found.forms if found else ()
    for form in sorted(forms, key=lambda form: form.name != "diffusers"):
        if form.rules:
            yield form.spelled(tensors)
    lines = _XLABS if part == "unet" else _OLD_ENCODER
    yield apply_rules(_back(lines), tensors)


@cache
def _back(lines: tuple[Sequence[str], ...]) -> tuple[Rule, ...]:
    return inverse(parse_rules(lines, {}))


def _component(part: str, architecture: str | None) -> Component | None:
    if architecture is not None:
        placement = family(architecture).placements.get(part)
        if placement is not None:
            return placement.component
    alike = (item.id for item in components() if item.part == part)
    return next(map(component, alike), None)


def _target(part: str, expr: Expr) -> Target | None:
    """Return what an expression over one tensor is: all of it, some rows, its halves exchanged."""
    match expr:
        case Read(_, tensor):
            return Target(part, tensor.name)
        case Rows(Read(_, tensor), start, stop):
            return Target(part, tensor.name, (start, stop))
        case Reshape(of):
            return _target(part, of)
        case Concat((Rows(Read() as one, start, stop), Rows(Read() as other, 0, end))):
            whole = one == other and (start, stop) == (end, end * _TWO) and stop == one.shape[0]
            return Target(part, one.tensor.name, swapped=True) if whole else None
        case _:
            return None
