"""What is wrong with a merge before it is carried out, and what the user should know."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ckpt_studio.core.codes import coded
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.merging.methods import method
from ckpt_studio.core.merging.tables import Table
from ckpt_studio.core.merging.values import LETTERS, giver, group
from ckpt_studio.core.plan import Coverage
from ckpt_studio.core.problems import Problem, note, warning
from ckpt_studio.core.quantised import companions
from ckpt_studio.core.recipe import MERGED, Merge
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.text import count, counted

_ADJUST_NUMBERS = 8
_LOOKS = ("sd15", "sd2", "sdxl", "ssd1b", "segmind", "koala")


def require_plain(recipe: Merge, opened: Mapping[Path, Opened]) -> None:
    """Refuse what cannot be averaged: the codes of quantised models, and the factors of LoRAs.

    The mean of factors is not that of the changes they make (``merging.md`` 0 rule 4, 2.5).

    Raises:
        PlanError: a model holds quantised weights, or one of several is a LoRA.
    """
    for path in recipe.models:
        if opened[path].recognition.kind == "lora" and len(recipe.models) > 1:
            raise PlanError(
                f"{path.name} is a LoRA: its factors cannot be merged like the weights of a model.",
                "Bake it into a model as a LoRA, with a strength.",
            )
        tensors = opened[path].checkpoint.tensors
        codes = coded(tensors.values()) or companions(tensors)
        if codes:
            raise PlanError(
                f"{path.name} holds {counted(len(codes), 'quantised tensor')}, such as "
                f"{min(codes)}, whose codes cannot be merged.",
                "Use the version of this model in fp16, bf16, fp32 or plain fp8.",
            )


def require_adjustable(a: Opened, numbers: Sequence[float]) -> None:
    """Refuse to change the look of a model that does not have the six tensors for it.

    Raises:
        PlanError: another family than SD1, SD2 and SDXL, or not eight numbers.
    """
    if len(numbers) != _ADJUST_NUMBERS:
        raise PlanError(
            f"Adjusting takes {_ADJUST_NUMBERS} numbers, not {len(numbers)}.",
            "They are IN, OUT, OUT2, contrast, brightness and three colours.",
        )
    if not adjustable(a):
        raise PlanError(
            f"The look of {a.recognition.name} cannot be adjusted.",
            "That works for Stable Diffusion 1, 2 and XL.",
        )


def adjustable(a: Opened) -> bool:
    """Whether a model has the six tensors that give a picture its look: SD1, SD2 and SDXL."""
    return (a.recognition.architecture or "").startswith(_LOOKS)


def require_family(
    recipe: Merge, opened: Mapping[Path, Opened], tables: Sequence[Table], coverage: Coverage
) -> None:
    """Refuse models that do not belong together: other shapes, or nothing in common.

    Raises:
        PlanError: with the reason and what would be merged.
    """
    if len(recipe.models) > 1 and coverage.conflicts:
        raise PlanError(
            f"{_kinds(recipe, opened)}: {counted(len(coverage.conflicts), 'tensor')} of "
            f"{count(coverage.total)} differ in shape, such as {coverage.conflicts[0]}.",
            "Only models of one family can be merged.",
        )
    _require_given(recipe, tables)
    unlike = _unlike(recipe, tables)
    if unlike and coverage.merged:
        raise PlanError(
            f"{_kinds(recipe, opened)}: no tensor of the {part_name(unlike)} is in both.",
            "Only models of one family can be merged; text encoders of others, with the "
            f"{part_name(unlike)} from A ({unlike or 'part'}=a).",
        )
    if len(recipe.models) > 1 and not coverage.merged and not coverage.taken:
        raise PlanError(
            f"{_kinds(recipe, opened)}: nothing would be merged ({coverage_line(coverage)}).",
            "Choose models that hold the same parts, or merge other parts.",
        )
    if recipe.vae is not None and "vae" not in tables[0]:
        raise PlanError(
            f"{recipe.models[0].name} holds no VAE that could be replaced.",
            "Save a whole checkpoint with “save” instead.",
        )
    if recipe.vae is not None and not coverage.taken:
        raise PlanError(
            f"{recipe.vae.name} holds no VAE that fits {recipe.models[0].name}.",
            "Choose a VAE of the same family.",
        )


def _require_given(recipe: Merge, tables: Sequence[Table]) -> None:
    """Check that models hold the parts that they are to give."""
    for part, choice in recipe.parts.items():
        place = 0 if choice == MERGED else LETTERS.index(choice)
        if place and not any(part in {each, group(each)} for each in tables[place]):
            raise PlanError(
                f"{recipe.models[place].name} holds no {part_name(part)}.",
                f"Take it from another model: {part}=a.",
            )


def _unlike(recipe: Merge, tables: Sequence[Table]) -> str:
    """Return a part that is to be merged but is something else in another model, "" for none.

    Models of several families have the same text encoders: of those alone nobody wants a mixture.
    """
    for part, own in tables[0].items():
        if giver(recipe, part) is None and any(
            part in table and own.keys().isdisjoint(table[part]) for table in tables[1:]
        ):
            return part
    return ""


def _kinds(recipe: Merge, opened: Mapping[Path, Opened]) -> str:
    """Return "A (a.safetensors) is SDXL, B (b.safetensors) is SD 1.5"."""
    return ", ".join(
        f"{letter.upper()} ({path.name}) is {opened[path].recognition.name}"
        for letter, path in zip(LETTERS, recipe.models, strict=False)
    )


_CONTROL = (
    "It is a control LoRA: its input layer takes more channels than this model has, and a merge "
    "keeps sizes. Load it beside the model instead."
)


def coverage_line(coverage: Coverage) -> str:
    """Return "1,680 tensors: 1,436 merged, 244 copied from A, 0 only in B"."""
    words = [f"{count(coverage.merged)} merged", f"{count(coverage.copied)} copied from A"]
    if coverage.taken:
        words.append(f"{count(coverage.taken)} taken from other files")
    words.append(f"{count(len(coverage.only_in_others))} only in other models")
    return f"{counted(coverage.total, 'tensor')}: {', '.join(words)}"


def merge_problems(
    recipe: Merge, opened: Mapping[Path, Opened], tables: Sequence[Table], coverage: Coverage
) -> tuple[Problem, ...]:
    """Return what the user should know before the merge runs."""
    found = [note(f"{coverage_line(coverage)}.", code="coverage", names=coverage.only_in_others)]
    found += _twice(recipe)
    found += _ancestor(recipe)
    found += _families(recipe, opened)
    found += _predictions(recipe, opened)
    found += _lacking(recipe, tables)
    if giver(recipe, "vae") is None and "vae" in tables[0] and recipe.vae is None:
        message = "Averaged VAEs give washed-out pictures."
        found.append(warning(message, "Take the VAE of one model.", "merged-vae"))
    for adapter in coverage.adapters:
        text = (
            f"{adapter.source.name} changes {counted(adapter.touched, 'tensor')} of "
            f"{count(coverage.total)}, {count(len(adapter.unmatched))} of its modules unmatched"
        )
        if adapter.skipped:
            text += f", {count(len(adapter.skipped))} of another size or type"
        text += "."
        more = bool(adapter.unmatched or adapter.skipped)
        names = (*adapter.unmatched, *adapter.skipped)
        hint = _CONTROL if adapter.control else ""
        found.append((warning if more else note)(text, hint, "lora", names))
    return tuple(found)


def _twice(recipe: Merge) -> list[Problem]:
    again = [path for path in set(recipe.models) if recipe.models.count(path) > 1]
    return [
        warning(f"{path.name} is chosen more than once.", "Choose different models.", "same-model")
        for path in sorted(again)
    ]


def _ancestor(recipe: Merge) -> list[Problem]:
    """Say which model is taken as the common ancestor, which only its place tells."""
    if not method(recipe.method).base:
        return []
    message = f"{recipe.models[-1].name} is taken as the common ancestor of the others."
    return [note(message, "The last model is.", "ancestor")]


def _families(recipe: Merge, opened: Mapping[Path, Opened]) -> list[Problem]:
    """Tell of models that fit one another without being of one family, such as Flux and Chroma."""
    first, *others = (opened[path].recognition.architecture or "" for path in recipe.models)
    if all(_kin(first, other) for other in others):
        return []
    message = f"The models are of different families: {_kinds(recipe, opened)}."
    return [note(message, "What they have in common is merged.", "families")]


def _kin(one: str, other: str) -> bool:
    """Whether one family is the other with more input channels or another prediction."""
    return not (one and other) or one.partition("_")[0] == other.partition("_")[0]


def _predictions(recipe: Merge, opened: Mapping[Path, Opened]) -> list[Problem]:
    if giver(recipe, "unet") is not None:
        return []
    kinds = {path: opened[path].recognition.prediction for path in recipe.models}
    known = {kind for kind in kinds.values() if kind}
    if len(known) < 2:  # noqa: PLR2004 - two that differ
        return []
    said = ", ".join(f"{path.name} predicts {kind}" for path, kind in kinds.items() if kind)
    message = f"The models predict differently: {said}."
    return [warning(message, "A mixture of both gives noise.", "prediction")]


def _lacking(recipe: Merge, tables: Sequence[Table]) -> list[Problem]:
    found: list[Problem] = []
    for path, table in zip(recipe.models[1:], tables[1:], strict=True):
        absent = [part for part in tables[0] if part and part not in table and part != "vae"]
        if absent:
            names = ", ".join(map(part_name, absent))
            found.append(note(f"{path.name} holds no {names}; A gives it.", code="absent-part"))
    return found
