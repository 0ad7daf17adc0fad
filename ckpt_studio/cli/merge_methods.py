"""The list of merge methods that ``merge --methods`` prints."""

from ckpt_studio.cli.command import Answer
from ckpt_studio.core.merging.methods import METHODS, MethodSpec
from ckpt_studio.engine.summary import Json


def methods_answer() -> Answer:
    """Return all methods with their formulas and parameters."""
    return Answer(
        {"methods": [_document(spec) for spec in METHODS]},
        lambda: "\n\n".join(_text(spec) for spec in METHODS),
    )


def _document(spec: MethodSpec) -> Json:
    return {
        "id": spec.id,
        "name": spec.name,
        "sentence": spec.sentence,
        "formula": spec.formula,
        "inputs": list(spec.roles),
        "least": spec.least,
        "most": spec.most,
        "parameters": [
            {
                "id": each.id,
                "sentence": each.sentence,
                "default": each.default,
                "low": each.low,
                "high": each.high,
            }
            for each in spec.parameters
        ],
    }


def _text(spec: MethodSpec) -> str:
    lines = [f"{spec.id}: {spec.name}", f"  {spec.sentence}", f"  {spec.formula}"]
    lines += [
        f"  {each.id} = {each.default:g} ({each.low:g} to {each.high:g}): {each.sentence}"
        for each in spec.parameters
    ]
    return "\n".join(lines)
