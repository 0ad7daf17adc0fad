"""Methods that choose by value, by row or by direction (``merging.md`` 2.3, 2.4)."""

from ckpt_studio.core.merging.linear_methods import AB, WITH_ANCESTOR
from ckpt_studio.core.merging.method_spec import Exact, MethodSpec, Parameter, Reach

_A_AT_ZERO = Exact(0, (("alpha", 0),))
_B_AT_ONE = Exact(1, (("alpha", 1),))


def _alpha(
    sentence: str, low_end: str, high_end: str, default: float = 1.0, *, bounded: bool = False
) -> Parameter:
    return Parameter(
        "alpha",
        "α",
        sentence,
        default,
        low_end=low_end,
        high_end=high_end,
        minimum=0.0 if bounded else None,
        maximum=1.0 if bounded else None,
    )


_ADDED = _alpha(
    "How much is added of what B learned since C", "only {a}", "{a} and all that {b} learned"
)
_COSINE = _alpha(
    "How much of B there is beyond what the likeness asks for",
    "where alike {a}, else {b}",
    "all {b}",
    0.0,
    bounded=True,
)
_BETWEEN = _alpha("How far to go from A to B", "all {a}", "all {b}", 0.5, bounded=True)

SELECTIVE: tuple[MethodSpec, ...] = (
    MethodSpec(
        "train_difference",
        "Train difference",
        "Adds what B learned since C, less where A has learned it already.",
        "A + 1.8·α·(B − C)·|B − A| / (|B − A| + |B − C|)",
        WITH_ANCESTOR,
        (_ADDED,),
        Reach.ELEMENT,
        "SuperMerger",
        least=3,
        most=3,
        base=True,
        exact=(_A_AT_ZERO,),
    ),
    MethodSpec(
        "cosine_a",
        "Cosine A",
        "Keeps A where both models point the same way, judged by direction alone; else takes B.",
        "k·A + (1 − k)·B, k = (c − min) / (max − min) − α, c of the normalised columns",
        AB,
        (_COSINE,),
        Reach.MODEL,
        "SuperMerger",
        exact=(_B_AT_ONE,),
    ),
    MethodSpec(
        "cosine_b",
        "Cosine B",
        "Keeps A where both models point the same way, large values counting more; else takes B.",
        "k·A + (1 − k)·B, k = (c − min) / (max − min) − α, c of the values as they are",
        AB,
        (_COSINE,),
        Reach.MODEL,
        "SuperMerger",
        exact=(_B_AT_ONE,),
    ),
    MethodSpec(
        "smooth_add",
        "Smooth add",
        "Adds what B learned since C, with peaks removed and the rest blurred.",
        "A + α·gaussian(median(B − C))",
        WITH_ANCESTOR,
        (_ADDED,),
        Reach.TENSOR,
        "SuperMerger",
        least=3,
        most=3,
        base=True,
        exact=(_A_AT_ZERO,),
    ),
    MethodSpec(
        "tensor_sum",
        "Tensor sum",
        "Takes a range of rows of each tensor from B and the others from A.",
        "rows from β·n to (α + β)·n of B, the others of A",
        AB,
        (
            _alpha("Which share of the rows B gives", "all {a}", "all {b}", 0.5, bounded=True),
            Parameter(
                "beta",
                "β",
                "Where the rows of B begin",
                0.0,
                low_end="first rows",
                high_end="last rows",
                minimum=0.0,
                maximum=1.0,
            ),
        ),
        Reach.TENSOR,
        "SuperMerger",
        exact=(_A_AT_ZERO, _B_AT_ONE),
    ),
    MethodSpec(
        "extract",
        "Extract",
        "Adds to the ancestor what A and B both learned, or what only one of them did.",
        "C + lerp(a, b, α)·lerp(d, 1 − d, β), a = A − C, b = B − C, d = ((cos(a, b) + 1) / 2)^γ",
        WITH_ANCESTOR,
        (
            _alpha("How much of B there is in what is added", "{a}", "{b}", 0.5, bounded=True),
            Parameter(
                "beta",
                "β",
                "Whether likeness or difference is kept",
                0.0,
                low_end="what both learned",
                high_end="what one learned",
                minimum=0.0,
                maximum=1.0,
            ),
            Parameter(
                "gamma",
                "γ",
                "How strictly likeness is judged",
                1.0,
                high=10.0,
                step=0.5,
                minimum=0.0,
            ),
        ),
        Reach.TENSOR,
        "SuperMerger",
        least=3,
        most=3,
        base=True,
    ),
    MethodSpec(
        "slerp",
        "Slerp",
        "Goes from A to B along a circle, so that the size of the weights is kept.",
        "(sin((1 − α)·ω)·A/‖A‖ + sin(α·ω)·B/‖B‖) / sin ω · lerp(‖A‖, ‖B‖, α)",
        AB,
        (_BETWEEN,),
        Reach.TENSOR,
        "sd-mecha",
        exact=(_A_AT_ZERO, _B_AT_ONE),
    ),
    MethodSpec(
        "perpendicular",
        "Add perpendicular",
        "Adds what B learned since C, without what A has learned too.",
        "A + α·(b − a·⟨a, b⟩ / ‖a‖²), a = A − C, b = B − C",
        WITH_ANCESTOR,
        (_ADDED,),
        Reach.TENSOR,
        "sd-mecha",
        least=3,
        most=3,
        base=True,
        exact=(_A_AT_ZERO,),
    ),
    MethodSpec(
        "geometric_median",
        "Geometric median",
        "Finds the point with the smallest distance to all models: one that is far off "
        "counts little.",
        "argmin Σ ‖x − Mᵢ‖",
        AB,
        (),
        Reach.TENSOR,
        "Weiszfeld 1937",
        most=None,
    ),
)
