"""Read a LoRA file: which tensors belong together, whatever program wrote them.

The spellings of the factors are listed in ``merging.md`` 4.1.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import Expr, read, reshape
from ckpt_studio.core.lora.kinds import ALPHA, DORA, KINDS
from ckpt_studio.core.lora.modules import Module
from ckpt_studio.core.lora.peft import alpha_of
from ckpt_studio.core.tensors import TensorInfo

_PEFT = {
    f".{word}{adapter}{end}": role
    for adapter in (".default", "")
    for end in (".weight", "")
    for word, role in (("lora_A", "down"), ("lora_B", "up"), ("lora_magnitude_vector", "magnitude"))
}
_BIASES = {f".lora_B{adapter}.bias": "diff_b" for adapter in (".default", "")}
_KOHYA = {
    f"{head}{word}.weight": role
    for head in (".lora_", "_lora.", ".lora.", ".lora_linear_layer.")
    for word, role in (("up", "up"), ("down", "down"), ("mid", "mid"))
}
_LOHA = {
    f".hada_{factor}": factor.replace("_", "")
    for factor in ("w1_a", "w1_b", "w2_a", "w2_b", "t1", "t2")
}
_LOKR = {
    f".lokr_{word}{end}": f"{role}{end}"
    for word, role in (("w1", "left"), ("w2", "right"))
    for end in ("", "_a", "_b")
} | {".lokr_t2": "core"}
_OTHERS = {
    **{f".{factor}.weight": factor for factor in ("a1", "a2", "b1", "b2")},
    ".alpha": ALPHA,
    ".dora_scale": DORA,
    ".on_input": "on_input",
    ".oft_blocks": "blocks",
    ".oft_diag": "blocks",
    ".rescale": "rescale",
    ".diff": "diff",
    ".w_norm": "diff",
    ".diff_b": "diff_b",
    ".b_norm": "diff_b",
    ".set_weight": "value",
    # It says how large the weight becomes, which the factors say as well.
    ".reshape_weight": "reshape",
}
_ENDS: Mapping[str, str] = {**_PEFT, **_BIASES, **_KOHYA, **_LOHA, **_LOKR, **_OTHERS}
_LOOSE = {"up.weight": "up", "down.weight": "down", "weight": "weight"}
_XLABS = ("_lora", "_lora1", "_lora2")
_NORM = "_norm.scale"
_NUMBERS = frozenset({ALPHA, "on_input"})
_STAGES = 4


_PIECE = re.compile(r"(.+)\.lora_(up|down)\.(\d{1,2})\.weight")
"""Factors of a fused weight that is trained in pieces, with one alpha for all (``split_dims``)."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The tensors of one module by role, and their names in the file."""

    tensors: dict[str, Expr]
    names: dict[str, str]


def modules_of(checkpoint: Checkpoint) -> tuple[Module, ...]:
    """Return the modules of a LoRA file, in the order of the file."""
    return _read(checkpoint)[0]


def unknown_in(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return the names of tensors that are factors of no adapter that is known."""
    return _read(checkpoint)[1]


def _read(checkpoint: Checkpoint) -> tuple[tuple[Module, ...], tuple[str, ...]]:
    groups: dict[str, _Group] = {}
    unknown: list[str] = []
    pieces: dict[str, _Group] = {}
    for key, tensor in checkpoint.tensors.items():
        if piece := _PIECE.fullmatch(key):
            group = pieces.setdefault(piece[1], _Group({}, {}))
            group.tensors[f"{piece[2]}.{int(piece[3])}"] = read(0, tensor)
            group.names[f"{piece[2]}.{int(piece[3])}"] = key
            continue
        found = _split(key, checkpoint.tensors)
        if found is None or not _sound(found[1], tensor):
            unknown.append(key)
            continue
        group = groups.setdefault(found[0], _Group({}, {}))
        group.tensors[found[1]] = read(0, tensor)
        group.names[found[1]] = key
    modules: list[Module] = []
    for name, group in pieces.items():
        made = list(_pieces(name, group, groups))
        modules += made
        unknown += [] if made else group.names.values()
    for name, group in groups.items():
        made = list(_modules(name, group, checkpoint.metadata))
        modules += made
        used = {role for module in made for role, _ in module.tensors} | {"magnitude", "reshape"}
        unknown += [key for role, key in group.names.items() if not made or role not in used]
    return tuple(modules), tuple(unknown)


def _sound(role: str, tensor: TensorInfo) -> bool:
    """Whether a tensor can be what its name says: a single number, or a factor with rows."""
    return tensor.parameters == 1 if role in _NUMBERS else bool(tensor.shape)


def _split(key: str, names: Mapping[str, object]) -> tuple[str, str] | None:
    """Return the module and the role of a key, None where it is no factor."""
    for end, role in _ENDS.items():
        if key.endswith(end):
            return key[: -len(end)], role
    head, _, end = key.rpartition(".")
    if end == "weight" and f"{head}.on_input" in names:
        return head, "weight"
    if key.endswith(_NORM):
        return head, "value"
    module, _, word = head.rpartition(".")
    if module.endswith(_XLABS) and f"{word}.{end}" in _LOOSE:
        return module, _LOOSE[f"{word}.{end}"]
    return None


def _modules(name: str, group: _Group, metadata: Mapping[str, str]) -> Iterator[Module]:
    tensors = dict(group.tensors)
    if "magnitude" in tensors:
        tensors[DORA] = _per_row(tensors.pop("magnitude"))
    if "down" in tensors and ALPHA not in tensors:
        alpha = alpha_of(name, tensors["down"].shape[0], metadata)
        tensors.update({ALPHA: alpha} if alpha is not None else {})
    for kind in KINDS:
        if any(needed <= tensors.keys() for needed in kind.needs) and _right_rank(kind.id, tensors):
            held = {role: expr for role, expr in tensors.items() if role in kind.roles}
            yield Module(name, kind.id, tuple(sorted(held.items())))


def _pieces(name: str, group: _Group, groups: dict[str, _Group]) -> Iterator[Module]:
    """Give the modules of a weight in pieces, none where one is missing; takes their alpha."""
    count = len(group.tensors) // 2
    wanted = {f"{role}.{number}" for role in ("up", "down") for number in range(count)}
    if group.tensors.keys() != wanted or not all(expr.shape for expr in group.tensors.values()):
        return
    alphas = groups.get(name)
    shared = {} if alphas is None or alphas.tensors.keys() != {ALPHA} else alphas.tensors
    if shared:
        del groups[name]
    split = tuple(group.tensors[f"up.{number}"].shape[0] for number in range(count))
    for number in range(count):
        own = {role: group.tensors[f"{role}.{number}"] for role in ("up", "down")}
        yield Module(name, "lora", tuple(sorted((own | shared).items())), split, number)


def _per_row(magnitude: Expr) -> Expr:
    """Return PEFT's magnitudes, one for each row ([n], or [1, n, 1, 1] of a convolution)."""
    return reshape(magnitude, (prod(magnitude.shape), 1))


def _right_rank(kind: str, tensors: Mapping[str, Expr]) -> bool:
    if kind not in {"oft", "boft"}:
        return True
    return (len(tensors["blocks"].shape) == _STAGES) == (kind == "boft")
