"""Methods that add up what models learned since a common ancestor (``merging.md`` 2.5)."""

from ckpt_studio.core.merging.method_spec import Exact, MethodSpec, Parameter, Reach

_ROLES = ("A", "B: common ancestor")
_WEIGHT = Parameter("weight", "Weight", "How much this model counts", 1.0, high=2.0)
_STRENGTH = Parameter(
    "strength",
    "λ",
    "How much is added of what the models learned",
    1.0,
    high=2.0,
    low_end="only the ancestor",
    high_end="twice what was learned",
)
_DENSITY = Parameter(
    "density",
    "Density",
    "Which share of the changes is kept",
    0.5,
    low=0.05,
    low_end="few changes",
    high_end="all changes",
    by_block=False,
    minimum=0.0,
    maximum=1.0,
    above=True,
)
_ANCESTOR = (Exact(-1, (("strength", 0),)),)
_SOURCES = {
    "task_arithmetic": "Ilharco et al. 2023, arXiv:2212.04089",
    "ties": "Yadav et al. 2023, arXiv:2306.01708",
    "dare": "Yu et al. 2024, arXiv:2311.03099",
    "dare_ties": "Yu et al. 2024, arXiv:2311.03099",
    "della": "Deep et al. 2024, arXiv:2406.11617",
    "breadcrumbs": "Davari and Belilovsky 2024, arXiv:2312.06795",
    "model_stock": "Jang et al. 2024, arXiv:2403.19522",
}


def _delta(
    name: tuple[str, str],
    sentence: str,
    formula: str,
    parameters: tuple[Parameter, ...],
    reach: Reach = Reach.TENSOR,
    *,
    random: bool = False,
) -> MethodSpec:
    return MethodSpec(
        *name,
        sentence,
        formula,
        _ROLES,
        (_STRENGTH, *parameters),
        reach,
        _SOURCES[name[0]],
        most=None,
        random=random,
        base=True,
        weight=_WEIGHT,
        exact=_ANCESTOR,
    )


DELTAS: tuple[MethodSpec, ...] = (
    _delta(
        ("task_arithmetic", "Task arithmetic"),
        "Adds to the ancestor what all models learned.",
        "base + λ·Σ wᵢ·δᵢ, δᵢ = Mᵢ − base",
        (),
        Reach.ELEMENT,
    ),
    _delta(
        ("ties", "TIES"),
        "Keeps the largest changes of each model and averages those that agree in direction.",
        "base + λ·Σ wᵢ·δᵢ / Σ |wᵢ| over the kept δᵢ with the sign of Σ wᵢ·δᵢ",
        (_DENSITY,),
    ),
    _delta(
        ("dare", "DARE"),
        "Drops changes at random, enlarges the others to make up for it, and adds them.",
        "base + λ·Σ wᵢ·δᵢ·mᵢ / density, mᵢ = 1 with probability density",
        (_DENSITY,),
        Reach.ELEMENT,
        random=True,
    ),
    _delta(
        ("dare_ties", "DARE and TIES"),
        "Drops changes at random as DARE does, and averages those that agree in direction.",
        "TIES of δᵢ·mᵢ / density, mᵢ = 1 with probability density",
        (_DENSITY,),
        Reach.ELEMENT,
        random=True,
    ),
    _delta(
        ("della", "DELLA"),
        "Drops changes at random, small ones more often, and averages those that agree.",
        "TIES of δᵢ·mᵢ / pᵢ, pᵢ from density − ε to density + ε by rank in the row",
        (
            _DENSITY,
            Parameter(
                "epsilon",
                "ε",
                "How much more often large changes are kept",
                0.15,
                high=0.5,
                low_end="all alike",
                high_end="large ones first",
                by_block=False,
                minimum=0.0,
            ),
        ),
        random=True,
    ),
    _delta(
        ("breadcrumbs", "Breadcrumbs"),
        "Drops the very largest and the small changes of each model, and adds the others.",
        "base + λ·Σ wᵢ·δᵢ without the largest γ and the smallest 1 − density − γ",
        (
            _DENSITY,
            Parameter(
                "gamma",
                "γ",
                "Which share of the largest changes is dropped",
                0.01,
                high=0.2,
                step=0.01,
                low_end="none",
                high_end="many",
                by_block=False,
                minimum=0.0,
                maximum=1.0,
            ),
        ),
    ),
    MethodSpec(
        "model_stock",
        "Model stock",
        "Averages models and goes back towards the ancestor, more so the less they agree.",
        "t·mean + (1 − t)·base, t = N·cos θ / (1 + (N − 1)·cos θ)",
        ("A", "B", "C: common ancestor"),
        (),
        Reach.TENSOR,
        _SOURCES["model_stock"],
        least=3,
        most=None,
        base=True,
    ),
)
