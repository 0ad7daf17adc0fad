"""Plan a diffusers folder: the rows of a checkpoint under diffusers' names, file by file."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ckpt_studio.core.assembly.assembling import assemble
from ckpt_studio.core.diffusers.diffusers_config import (
    INDEX,
    model_index,
    part_config,
    scheduler_config,
)
from ckpt_studio.core.diffusers.diffusers_layout import (
    DiffusersLayout,
    in_folder,
    layout_of,
    tokenizer_folder,
)
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.metadata import apply_all
from ckpt_studio.core.plan import Plan, PlannedTensor
from ckpt_studio.core.problems import Problem, error, warning
from ckpt_studio.core.quantised import is_quantised
from ckpt_studio.core.recipe import Assemble, Convert
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.text import listed

Texts = Mapping[str, str]
TextsOf = Callable[[Path, str], Texts]
"""Returns the text files of a folder below a model's folder, by their names."""


def assemble_folder(recipe: Assemble, opened: Mapping[Path, Opened], texts_of: TextsOf) -> Plan:
    """Return the plan of a diffusers folder from parts.

    The rows name their files, ``texts`` hold the configurations and, where a text encoder comes
    from a diffusers folder, the texts of its tokenizer.

    Raises:
        PlanError: as ``assemble``, or the family has no diffusers folder.
    """
    plan = assemble(recipe, opened, title="", placed=in_folder)
    layout = layout_of(family(plan.target or ""))
    files = {
        part.part: [_moved(row, layout) for row in plan.tensors if row.part == part.part]
        for part in plan.parts
    }
    tokenizers, problems = _tokenizers(plan, layout, opened, texts_of)
    configs = {
        f"{layout.parts[part].folder}/config.json": part_config(layout.parts[part].kind, rows)
        for part, rows in files.items()
    }
    return replace(
        plan,
        tensors=tuple(row for part in layout.parts for row in files.get(part, ())),
        texts={
            INDEX: model_index(layout, files),
            "scheduler/scheduler_config.json": scheduler_config(layout.scheduler),
            **configs,
            **tokenizers,
        },
        metadata={key: text for key, text in plan.metadata.items() if text},
        problems=(*plan.problems, *_quantised(files), *problems),
    )


def convert_to_folder(recipe: Convert, opened: Opened, texts_of: TextsOf) -> Plan:
    """Return the plan of a diffusers folder with the parts that one file holds, and its metadata.

    Raises:
        PlanError: as ``assemble_folder``.
    """
    whole = Assemble(
        base=recipe.source,
        precision=recipe.precision,
        on_overflow=recipe.on_overflow,
        allow_missing=True,
        metadata=recipe.metadata,
        output=recipe.output,
    )
    plan = assemble_folder(whole, {recipe.source: opened}, texts_of)
    metadata = apply_all(recipe.metadata.edits, {**opened.checkpoint.metadata, "format": "pt"})
    return replace(plan, verb="convert", metadata=dict(metadata))


def _moved(row: PlannedTensor, layout: DiffusersLayout) -> PlannedTensor:
    part = layout.parts[row.part]
    return replace(row, name=row.name.removeprefix(part.placement.prefix), file=part.file)


def _quantised(files: Mapping[str, list[PlannedTensor]]) -> list[Problem]:
    return [
        error(
            f"The {part_name(part)} is quantised, which diffusers does not read.",
            "Take the model in fp16, bf16 or fp32.",
            f"quantised:{part}",
        )
        for part, rows in files.items()
        if is_quantised([row.name for row in rows])
    ]


def _tokenizers(
    plan: Plan, layout: DiffusersLayout, opened: Mapping[Path, Opened], texts_of: TextsOf
) -> tuple[dict[str, str], list[Problem]]:
    found: dict[str, str] = {}
    lacking: list[str] = []
    for part in plan.parts:
        item = layout.parts[part.part]
        if not item.tokenizer or part.source is None:
            continue
        texts = _texts(opened[part.source], part.part, texts_of)
        found |= {f"{item.tokenizer_folder}/{name}": text for name, text in texts.items()}
        if not texts:
            lacking.append(item.tokenizer_folder)
    return found, [_lacking(lacking, layout)] if lacking else []


def _texts(source: Opened, part: str, texts_of: TextsOf) -> Texts:
    """Return the tokenizer that lies beside a text encoder in a diffusers folder."""
    encoder = source.recognition.find(part)
    if source.checkpoint.container != "diffusers" or encoder is None or not encoder.prefix:
        return {}
    return texts_of(source.checkpoint.path, tokenizer_folder(encoder.prefix.split(".", 1)[0]))


def _lacking(folders: list[str], layout: DiffusersLayout) -> Problem:
    what = "folder" if len(folders) == 1 else "folders"
    return warning(
        f"The sources hold no tokenizer, so the {what} {listed(folders)} will not be there.",
        f"Copy the {what} from {layout.tokenizers_from} on Hugging Face, or give the tokenizer to "
        "from_pretrained: without it no prompt is understood.",
        "tokenizers",
        tuple(folders),
    )
