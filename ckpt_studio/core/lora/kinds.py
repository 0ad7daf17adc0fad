"""The kinds of adapters: their factors by role, and which tensors of a model they fit.

Everything here is decided from names and shapes, so that a plan needs no values. The formulas are
in ``merging.md`` 4.2; ``engine._torch.adapters`` computes them.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from math import prod

Shapes = Mapping[str, tuple[int, ...]]

DORA = "dora_scale"
ALPHA = "alpha"

_MATRIX = 2
_CONVOLUTION = 4
_SINGLE = (ALPHA, "on_input")
"""Roles of single numbers."""
_CORES = frozenset({"t1", "t2"})
_STAGED = 4
_FEWEST_CHANNELS, _MOST_CHANNELS = 4, 16


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to change a tensor.

    ``needs`` are sets of roles of which one has to be complete, ``may`` those that can be there
    besides. Dimension 0 of the factors in ``row_roles`` is that of the tensor that is changed, and
    the other factors count for every row alike.
    """

    id: str
    name: str
    needs: tuple[frozenset[str], ...]
    may: frozenset[str] = frozenset()
    row_roles: frozenset[str] = frozenset()

    @property
    def roles(self) -> frozenset[str]:
        """All roles that the kind knows."""
        return self.may.union(*self.needs)


def _roles(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FACTORISED = ("lora", "loha", "lokr", "glora")
_KRONECKER = tuple(
    _roles(f"{one} {other}")
    for one in ("left", "left_a left_b")
    for other in ("right", "right_a right_b")
)

KINDS: tuple[Kind, ...] = (
    Kind("lora", "LoRA", (_roles("up down"),), _roles("mid alpha dora_scale"), _roles("up")),
    Kind(
        "loha",
        "LoHa",
        (_roles("w1a w1b w2a w2b"),),
        _roles("t1 t2 alpha dora_scale"),
        _roles("w1a w2a"),
    ),
    Kind("lokr", "LoKr", _KRONECKER, _roles("core alpha dora_scale")),
    Kind("glora", "GLoRA", (_roles("a1 a2 b1 b2"),), _roles("alpha dora_scale")),
    Kind("ia3", "IA3", (_roles("weight on_input"),)),
    Kind("oft", "OFT", (_roles("blocks"),), _roles("alpha rescale")),
    Kind("boft", "BOFT", (_roles("blocks"),), _roles("alpha rescale")),
    Kind("diff", "full difference", (_roles("diff"),), _roles("dora_scale"), _roles("diff")),
    Kind("diff_b", "bias difference", (_roles("diff_b"),), row_roles=_roles("diff_b")),
    Kind("set", "replaced weight", (_roles("value"),), row_roles=_roles("value")),
)
"""``oft`` has blocks [count, size, size], ``boft`` [stages, count, size, size]."""

_MATRICES = frozenset().union(*(kind.roles for kind in KINDS if kind.id in _FACTORISED)) - {
    ALPHA,
    DORA,
}
"""Roles of factors that are multiplied as matrices."""

_BY_ID = {kind.id: kind for kind in KINDS}


def kind_named(name: str) -> Kind:
    """Return a kind by its id.

    Raises:
        KeyError: there is none.
    """
    return _BY_ID[name]


def row_roles(kind: str, roles: Collection[str]) -> frozenset[str]:
    """Return the roles whose rows are those of the tensor, none where rows depend on each other.

    DoRA divides by a norm that may run over all rows, and Tucker factors of a LoHa have their rows
    elsewhere.
    """
    if DORA in roles or (kind == "loha" and not _CORES.isdisjoint(roles)):
        return frozenset()
    return _BY_ID[kind].row_roles


def by_rows(kind: str, roles: Collection[str]) -> bool:
    """Whether rows of dimension 0 can be computed apart, so that a large weight needs no room."""
    return bool(row_roles(kind, roles)) or (kind == "glora" and DORA not in roles)


def fits(kind: str, shapes: Shapes, shape: tuple[int, ...]) -> bool:
    """Whether an adapter with factors of these shapes can change a tensor of that shape."""
    if not shape or not all(map(prod, shapes.values())):
        return False
    if any(prod(shapes.get(role, ())) != 1 for role in _SINGLE):
        return False
    if any(len(shapes[role]) < _MATRIX for role in _MATRICES & shapes.keys()):
        return False
    if DORA in shapes and not _fits_dora(shapes[DORA], shape):
        return False
    try:
        return _FITS[kind](shapes, shape)
    except (IndexError, ValueError, ZeroDivisionError):  # factors with too few dimensions
        return False


def _fits_dora(scale: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    if not scale or len(shape) < _MATRIX:
        return False
    return scale[0] == prod(scale) == shape[0] or prod(scale) == shape[1]


def _rest(shape: tuple[int, ...]) -> int:
    return prod(shape[1:])


def old_glora(shapes: Shapes) -> bool:
    """Whether the factors of a GLoRA are in the old order: b2·b1 + (W·a2)·a1 (``merging.md`` 4.2).

    Where the shapes allow both, it is the new one.
    """
    a1, a2, b1, b2 = (shapes[role] for role in ("a1", "a2", "b1", "b2"))
    return not (b2[0] == _rest(b1) == _rest(a1) == a2[0]) and (
        _rest(b2) == b1[0] == a1[0] == _rest(a2)
    )


def padded(shapes: Shapes, shape: tuple[int, ...]) -> bool:
    """Whether a LoRA has other input channels than an ``conv_in``, which are added or cut.

    Inpainting models have 9 channels there and InstructPix2Pix 8, of which the first 4 are those
    of the usual models.
    """
    down = shapes["down"]
    if "mid" in shapes or len(shape) != _CONVOLUTION or len(down) != _CONVOLUTION:
        return False
    channels = sorted((down[1], shape[1]))
    return channels[0] == _FEWEST_CHANNELS < channels[1] <= _MOST_CHANNELS and down[2:] == shape[2:]


def _fits_lora(shapes: Shapes, shape: tuple[int, ...]) -> bool:
    up, down, mid = shapes["up"], shapes["down"], shapes.get("mid")
    if up[0] != shape[0]:
        return False
    if mid is not None:
        fitting = mid[0] == _rest(up) and mid[1] == down[0]
        return fitting and _rest(down) * prod(mid[2:]) == _rest(shape)
    return _rest(up) == down[0] and (_rest(down) == _rest(shape) or padded(shapes, shape))


def _fits_loha(shapes: Shapes, shape: tuple[int, ...]) -> bool:
    return all(_fits_half(shapes, side, shape) for side in ("1", "2"))


def _fits_half(shapes: Shapes, side: str, shape: tuple[int, ...]) -> bool:
    first, second, core = shapes[f"w{side}a"], shapes[f"w{side}b"], shapes.get(f"t{side}")
    if core is None:
        inner = first[1:] == second[:1]
        return inner and (first[0], _rest(second)) == (shape[0], _rest(shape))
    whole = (_rest(first), _rest(second) * prod(core[2:])) == (shape[0], _rest(shape))
    return whole and (core[0], core[1]) == (first[0], second[0])


def _fits_lokr(shapes: Shapes, shape: tuple[int, ...]) -> bool:
    first, second = _lokr_side(shapes, "left"), _lokr_side(shapes, "right")
    if first is None or second is None:
        return False
    return (first[0] * second[0], first[1] * second[1]) == (shape[0], _rest(shape))


def _lokr_side(shapes: Shapes, side: str) -> tuple[int, int] | None:
    """Return the shape of a side as a matrix, None where its factors do not fit one another."""
    whole = shapes.get(side)
    if whole is not None:
        return whole[0], _rest(whole)
    first, second = shapes[f"{side}_a"], shapes[f"{side}_b"]
    core = shapes.get("core") if side == "right" else None
    if core is not None:
        fitting = (core[0], core[1]) == (first[0], second[0])
        return (_rest(first), _rest(second) * prod(core[2:])) if fitting else None
    return (first[0], _rest(second)) if first[1:] == second[:1] else None


def _fits_glora(shapes: Shapes, shape: tuple[int, ...]) -> bool:
    a1, a2, b1, b2 = (shapes[role] for role in ("a1", "a2", "b1", "b2"))
    if len(shape) < _MATRIX:
        return False
    if old_glora(shapes):
        square = (a2[0], _rest(a1)) == (_rest(shape), _rest(shape))
        return square and (b2[0], _rest(b1)) == (shape[0], _rest(shape))
    square = (a1[0], _rest(a2)) == (shape[1], shape[1])
    return (
        square
        and b2[0] == _rest(b1) == _rest(a1) == a2[0]
        and (b1[0], _rest(b2)) == (shape[0], _rest(shape))
    )


def _fits_ia3(shapes: Shapes, shape: tuple[int, ...]) -> bool:
    return len(shape) >= _MATRIX and prod(shapes["weight"]) in shape[:_MATRIX]


def _fits_boft(shapes: Shapes, shape: tuple[int, ...]) -> bool:
    return len(shapes["blocks"]) == _STAGED and _turns(shapes, shape)


def _fits_oft(shapes: Shapes, shape: tuple[int, ...]) -> bool:
    return len(shapes["blocks"]) == _STAGED - 1 and _turns(shapes, shape)


def _turns(shapes: Shapes, shape: tuple[int, ...]) -> bool:
    *stages, count, size, other = shapes["blocks"]
    if size != other or count * size != shape[0]:
        return False
    # The last stage of a BOFT turns rows that lie this far apart.
    reach = 2 ** stages[0] * (size // 2) if stages else 1
    even = not stages or size % 2 == 0
    return even and shape[0] % reach == 0 and prod(shapes.get("rescale", ())) in {1, shape[0]}


def _same_elements(shapes: Shapes, shape: tuple[int, ...]) -> bool:
    given = next(shapes[role] for role in ("diff", "diff_b", "value") if role in shapes)
    return given[:1] == shape[:1] and prod(given) == prod(shape)


_FITS: Mapping[str, Callable[[Shapes, tuple[int, ...]], bool]] = {
    "lora": _fits_lora,
    "loha": _fits_loha,
    "lokr": _fits_lokr,
    "glora": _fits_glora,
    "ia3": _fits_ia3,
    "oft": _fits_oft,
    "boft": _fits_boft,
    "diff": _same_elements,
    "diff_b": _same_elements,
    "set": _same_elements,
}
