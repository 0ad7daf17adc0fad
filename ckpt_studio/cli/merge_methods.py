"""The lists that ``merge --methods`` and ``merge --list-blocks`` print."""

from pathlib import Path

from ckpt_studio.cli.command import Answer
from ckpt_studio.core.merging.methods import METHODS, MethodSpec
from ckpt_studio.core.merging.partitions import partitions_for
from ckpt_studio.core.merging.tables import keys_of
from ckpt_studio.engine import open_checkpoint
from ckpt_studio.engine.summary import Json


def methods_answer() -> Answer:
    """Return all methods with their formulas and parameters."""
    return Answer(
        {"methods": [_document(spec) for spec in METHODS]},
        lambda: "\n\n".join(_text(spec) for spec in METHODS),
    )


def blocks_answer(path: Path) -> Answer:
    """Return the ways to divide a model into blocks, the usual one first.

    Raises:
        FormatError: the file is no model.
    """
    opened = open_checkpoint(path)
    found = partitions_for(opened.recognition.architecture, keys_of(opened))
    return Answer(
        {
            "partitions": [
                {"id": each.id, "name": each.name, "blocks": list(each.blocks)} for each in found
            ]
        },
        lambda: "\n".join(f"{each.id}: {each.name}\n  {' '.join(each.blocks)}" for each in found),
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
            for each in spec.parameters_for(spec.least)
        ],
    }


def _text(spec: MethodSpec) -> str:
    lines = [f"{spec.id}: {spec.name}", f"  {spec.sentence}", f"  {spec.formula}"]
    lines += [
        f"  {each.id} = {each.default:g} ({each.low:g} to {each.high:g}): {each.sentence}"
        for each in spec.parameters_for(spec.least)
    ]
    return "\n".join(lines)
