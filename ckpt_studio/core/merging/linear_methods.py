"""Methods that add models with factors (``merging.md`` 2.2)."""

from ckpt_studio.core.merging.method_spec import Exact, MethodSpec, Parameter, Reach

AB = ("A", "B")
ABC = ("A", "B", "C")
WITH_ANCESTOR = ("A", "B", "C: common ancestor")

_ALPHA = Parameter(
    "alpha", "α", "How much of B there is in the result", 0.5, low_end="all {a}", high_end="all {b}"
)
_ADDED = Parameter(
    "alpha",
    "α",
    "How much is added of what B learned since C",
    1.0,
    low_end="only {a}",
    high_end="{a} and all that {b} learned",
)
_WEIGHT = Parameter("weight", "Weight", "How much this model counts", 1.0, high=2.0)

LINEAR: tuple[MethodSpec, ...] = (
    MethodSpec(
        "copy",
        "No interpolation",
        "Takes model A as it is: for adding LoRAs or a VAE, or for another precision.",
        "A",
        ("A",),
        (),
        Reach.ELEMENT,
        "A1111",
        least=1,
        most=1,
        exact=(Exact(0),),
    ),
    MethodSpec(
        "weighted_sum",
        "Weighted sum",
        "Mixes two models: the slider says how much of B there is in the result.",
        "(1 − α)·A + α·B",
        AB,
        (_ALPHA,),
        Reach.ELEMENT,
        "A1111",
        exact=(Exact(0, (("alpha", 0),)), Exact(1, (("alpha", 1),))),
    ),
    MethodSpec(
        "average",
        "Average",
        "Mixes any number of models: each counts as much as its weight says.",
        "Σ wᵢ·Mᵢ / Σ wᵢ",
        AB,
        (),
        Reach.ELEMENT,
        "mergekit, linear",
        most=None,
        weight=_WEIGHT,
    ),
    MethodSpec(
        "add_difference",
        "Add difference",
        "Adds to A what B learned since their common ancestor C.",
        "A + α·(B − C)",
        WITH_ANCESTOR,
        (_ADDED,),
        Reach.ELEMENT,
        "A1111",
        least=3,
        most=3,
        base=True,
        exact=(Exact(0, (("alpha", 0),)),),
    ),
    MethodSpec(
        "sum_twice",
        "Sum twice",
        "Mixes A and B, then the result with C.",
        "(1 − β)·((1 − α)·A + α·B) + β·C",
        ABC,
        (
            _ALPHA,
            Parameter(
                "beta",
                "β",
                "How much of C there is in the result",
                0.5,
                low_end="only {a} and {b}",
                high_end="all {c}",
            ),
        ),
        Reach.ELEMENT,
        "SuperMerger",
        least=3,
        most=3,
        exact=(
            Exact(2, (("beta", 1),)),
            Exact(0, (("alpha", 0), ("beta", 0))),
            Exact(1, (("alpha", 1), ("beta", 0))),
        ),
    ),
    MethodSpec(
        "triple_sum",
        "Triple sum",
        "Mixes three models: α says how much of B, β how much of C, and the rest is A.",
        "(1 − α − β)·A + α·B + β·C",
        ABC,
        (
            Parameter(
                "alpha",
                "α",
                "How much of B there is in the result",
                0.3,
                low_end="no {b}",
                high_end="all {b}",
            ),
            Parameter(
                "beta",
                "β",
                "How much of C there is in the result",
                0.3,
                low_end="no {c}",
                high_end="all {c}",
            ),
        ),
        Reach.ELEMENT,
        "SuperMerger",
        least=3,
        most=3,
        exact=(
            Exact(0, (("alpha", 0), ("beta", 0))),
            Exact(1, (("alpha", 1), ("beta", 0))),
            Exact(2, (("alpha", 0), ("beta", 1))),
        ),
    ),
    MethodSpec(
        "similarity",
        "Add difference by similarity",
        "Adds what B learned where A and B differ, and mixes them where they are alike.",
        "(1 − s)·(A + α·(B − C)) + s·((1 − α/2)·A + α/2·B), s = β·(A·B / max(|A|, |B|)² + 1) / 2",
        WITH_ANCESTOR,
        (
            _ADDED,
            Parameter(
                "beta",
                "β",
                "How much likeness counts",
                0.5,
                low_end="add everywhere",
                high_end="mix where alike",
                minimum=0.0,
                maximum=1.0,
            ),
        ),
        Reach.ELEMENT,
        "Chattiori, SIM",
        least=3,
        most=3,
        base=True,
        exact=(Exact(0, (("alpha", 0),)),),
    ),
)
