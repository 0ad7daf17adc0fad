"""A merge that is being put together: its models may have gaps, its ratio several values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import TypeVar

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.part_names import ANY_TEXT_ENCODER
from ckpt_studio.core.merging.methods import MethodSpec, Parameter, method
from ckpt_studio.core.merging.series import series_names
from ckpt_studio.core.recipe import (
    MERGED,
    LoraUse,
    Merge,
    MetadataChoice,
    NameRule,
    Precision,
)

Value = TypeVar("Value")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MOST_VALUES = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """What the user chose so far.

    ``models`` are the inputs in order, None where none was chosen; those that the method does not
    take are kept for another one. ``ancestor`` is the common ancestor, for methods that need it.
    ``recipe`` holds everything else. Its rules without a pattern are not finished, those for
    numbers of another method are kept for it; neither count. With more than one of them, ``series``
    are values of the first parameter that each make a file of their own.
    """

    models: tuple[Path | None, ...] = ()
    ancestor: Path | None = None
    recipe: Merge = field(default_factory=lambda: Merge((), metadata=MetadataChoice(recipe=True)))
    series: tuple[float, ...] = ()

    @property
    def spec(self) -> MethodSpec:
        """The method."""
        return method(self.recipe.method)

    @property
    def needed(self) -> int:
        """The least number of models, without the ancestor."""
        return self.spec.least - self.spec.base

    @property
    def places(self) -> tuple[Path | None, ...]:
        """The models that the method takes, without the ancestor, gaps and a free one included."""
        most = self.spec.most
        count = max(self.needed, self._filled + 1) if most is None else most - self.spec.base
        return (*self.models, *[None] * count)[: min(count, len(_LETTERS) - 1)]

    @property
    def slots(self) -> tuple[Path | None, ...]:
        """All inputs that the method takes; the ancestor comes last."""
        return (*self.places, self.ancestor) if self.spec.base else self.places

    @property
    def _filled(self) -> int:
        """How many places there are up to the last one that is taken."""
        return max((place + 1 for place, path in enumerate(self.models) if path), default=0)

    @property
    def chosen(self) -> tuple[Path, ...]:
        """The models that were chosen, without gaps, the ancestor last."""
        return tuple(path for path in self.slots if path is not None)

    @property
    def empty(self) -> bool:
        """Whether nothing was chosen yet."""
        return not (any(self.models) or self.ancestor or self.recipe.loras or self.recipe.vae)

    @property
    def lacking(self) -> tuple[str, ...]:
        """The letters of inputs that are needed and not chosen."""
        wanted = max(self.needed, self._filled) if self.spec.most is None else len(self.places)
        found = [_LETTERS[place] for place in range(wanted) if self.places[place] is None]
        if self.spec.base and self.ancestor is None:
            found.append(self.letter(len(self.places)))
        return tuple(found)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The numbers of the method, for as many models as there are."""
        models = max(self._filled, self.needed)
        return self.spec.parameters_for(models + self.spec.base)

    @property
    def rules(self) -> tuple[NameRule, ...]:
        """The rules for numbers of the method, with one number each."""
        known = {parameter.id for parameter in self.parameters}
        return tuple(
            NameRule(rule.pattern, {name: value})
            for rule in self.recipe.rules
            for name, value in rule.values.items()
            if name in known
        )

    @property
    def sources(self) -> tuple[Path, ...]:
        """All files that are named, each once."""
        return replace(self.recipe, models=self.chosen).sources

    def letter(self, place: int) -> str:
        """Return what an input is called: A, B, …; nothing for a place that may stay free."""
        taken = max(self.needed, self._filled) if self.spec.most is None else len(self.places)
        if self.spec.base and place == len(self.places):
            return _LETTERS[taken]
        return _LETTERS[place] if place < taken else ""

    def role(self, place: int) -> str:
        """Return what an input is for, where its letter does not say it: "common ancestor"."""
        if self.spec.base and place == len(self.places):
            return self.spec.roles[-1].partition(":")[2].strip()
        roles = self.spec.roles[: -1 if self.spec.base else None]
        return roles[place].partition(":")[2].strip() if place < len(roles) else ""

    @property
    def merge(self) -> Merge:
        """The recipe of the merge; of the first one of several."""
        return self.merges[0]

    @property
    def merges(self) -> tuple[Merge, ...]:
        """A recipe for each file: one, or one for each value of the first parameter."""
        rules = tuple(rule for rule in self.rules if rule.pattern.strip())
        whole = replace(self.recipe, models=self.chosen, rules=rules)
        if len(self.series) < 2 or not self.parameters:  # noqa: PLR2004 - one value is no series
            return (whole,)
        first, output = self.parameters[0].id, whole.output
        names = series_names(str(output.path), self.series) if output.path else ()
        paths: list[Path | None] = [Path(name) for name in names]
        paths = paths or [None] * len(self.series)
        return tuple(
            replace(
                whole,
                parameters={**whole.parameters, first: value},
                output=replace(output, path=path),
            )
            for path, value in zip(paths, self.series, strict=True)
        )

    def value(self, parameter: Parameter) -> float:
        """Return the value of a parameter for the whole model."""
        return self.recipe.parameters.get(parameter.id, parameter.default)


def draft_of(recipe: Merge) -> Draft:
    """Return the draft of a recipe that was made before."""
    models: tuple[Path | None, ...] = recipe.models
    ancestor = None
    if method(recipe.method).base and len(models) >= method(recipe.method).least:
        models, ancestor = models[:-1], models[-1]
    return Draft(models, ancestor, replace(recipe, models=()))


def with_method(draft: Draft, name: str) -> Draft:
    """Choose a method; models and the numbers that both methods know stay."""
    recipe = draft.recipe
    other = replace(draft, recipe=replace(recipe, method=name))
    known = {parameter.id for parameter in other.parameters}
    series = draft.series if draft.parameters[:1] == other.parameters[:1] else ()
    changed = replace(
        recipe,
        method=name,
        parameters=_only(known, recipe.parameters),
        blocks=_only(known, recipe.blocks),
        part_values={
            part: kept
            for part, values in recipe.part_values.items()
            if (kept := _only(known, values))
        },
    )
    return _sound(replace(draft, recipe=changed, series=series))


def with_model(draft: Draft, place: int, path: Path | None) -> Draft:
    """Choose an input or, with None, none; places are those of ``slots``."""
    if draft.spec.base and place == len(draft.places):
        return _sound(replace(draft, ancestor=path))
    models = [*draft.models, *[None] * (place + 1 - len(draft.models))]
    models[place] = path
    while models and models[-1] is None:
        models.pop()
    return _sound(replace(draft, models=tuple(models)))


def with_models(draft: Draft, paths: tuple[Path, ...]) -> Draft:
    """Put models into the free places, in order; when all are taken, the last one is replaced."""
    for path in paths:
        slots = draft.slots
        free = [place for place, taken in enumerate(slots) if taken is None]
        if draft.spec.base and draft.spec.most is None and draft.ancestor is None:
            free = free[-1:] if len(draft.chosen) >= draft.needed else free
        draft = with_model(draft, free[0] if free else len(slots) - 1, path)
    return draft


def with_values(draft: Draft, parameter: Parameter, values: tuple[float, ...]) -> Draft:
    """Set a parameter for the whole model; more than one value is a file for each of them."""
    parameters = {**draft.recipe.parameters, parameter.id: values[0]}
    changed = replace(draft, recipe=replace(draft.recipe, parameters=parameters))
    if parameter == draft.parameters[0]:
        changed = replace(changed, series=values if len(values) > 1 else ())
    return changed


def with_blocks(draft: Draft, parameter: str, values: tuple[float, ...] | None) -> Draft:
    """Give a parameter a value for each block, or one for the whole model."""
    blocks = {name: each for name, each in draft.recipe.blocks.items() if name != parameter}
    if values is not None:
        blocks[parameter] = values
    return replace(draft, recipe=replace(draft.recipe, blocks=blocks))


def with_partition(draft: Draft, name: str) -> Draft:
    """Divide the model otherwise; values for other blocks are of no use any more."""
    loras = tuple(replace(lora, blocks=()) for lora in draft.recipe.loras)
    return replace(draft, recipe=replace(draft.recipe, partition=name, blocks={}, loras=loras))


def with_giver(draft: Draft, part: str, choice: str | None) -> Draft:
    """Say which model gives a part (a letter, or ``MERGED``); None is the usual way."""
    parts = {name: each for name, each in draft.recipe.parts.items() if name != part}
    if choice is not None:
        parts[part] = choice.lower()
    return replace(draft, recipe=replace(draft.recipe, parts=parts))


def with_part_value(draft: Draft, part: str, value: float | None) -> Draft:
    """Give the first parameter another value for a part, or with None the same."""
    values = {name: each for name, each in draft.recipe.part_values.items() if name != part}
    if value is not None and draft.parameters:
        values[part] = {draft.parameters[0].id: value}
    return replace(draft, recipe=replace(draft.recipe, part_values=values))


def with_precision(draft: Draft, precision: Precision) -> Draft:
    """Choose how the result is stored; the VAE stays as it is, it is too sensitive."""
    chosen = {} if precision is Precision.KEEP else {"unet": precision, ANY_TEXT_ENCODER: precision}
    return replace(draft, recipe=replace(draft.recipe, precision=chosen))


def with_seed(draft: Draft, seed: int) -> Draft:
    """Choose what a method that draws lots begins with."""
    return replace(draft, recipe=replace(draft.recipe, seed=seed))


def with_vae(draft: Draft, path: Path | None) -> Draft:
    """Bake in the VAE of a file, or with None no other one."""
    return replace(draft, recipe=replace(draft.recipe, vae=path))


def with_recipe_written(draft: Draft, *, written: bool) -> Draft:
    """Say whether the recipe goes into the metadata."""
    metadata = replace(draft.recipe.metadata, recipe=written)
    return replace(draft, recipe=replace(draft.recipe, metadata=metadata))


def with_rules(draft: Draft, rules: tuple[NameRule, ...]) -> Draft:
    """Give tensors by their names other values, the last rule wins."""
    return replace(draft, recipe=replace(draft.recipe, rules=rules))


def with_adjust(draft: Draft, numbers: tuple[float, ...]) -> Draft:
    """Change the look of the pictures; eight zeros change nothing and are left out."""
    chosen = numbers if any(numbers) else ()
    return replace(draft, recipe=replace(draft.recipe, adjust=chosen))


def with_prune(draft: Draft, *, prune: bool) -> Draft:
    """Say whether what training left behind is left out."""
    return replace(draft, recipe=replace(draft.recipe, prune=prune))


def with_loras(draft: Draft, loras: tuple[LoraUse, ...]) -> Draft:
    """Bake in these LoRAs, in this order."""
    return replace(draft, recipe=replace(draft.recipe, loras=loras))


def read_values(text: str) -> tuple[float, ...]:
    """Return the numbers of a text with commas or spaces between them.

    Raises:
        PlanError: there is none, or something else.
    """
    words = text.replace(",", " ").replace(";", " ").split()
    try:
        values = tuple(float(word) for word in words[:_MOST_VALUES])
    except ValueError as error:
        raise PlanError("This is not a number.", "Type 0.3, or 0.2, 0.3, 0.4.") from error
    if not values or not all(map(isfinite, values)):
        raise PlanError("A number is needed.", "Type 0.3, or 0.2, 0.3, 0.4.")
    return tuple(dict.fromkeys(values))


def _only(known: set[str], values: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in values.items() if name in known}


def _sound(draft: Draft) -> Draft:
    """Leave out what belongs to models that are not there any more."""
    known = {parameter.id for parameter in draft.parameters}
    letters = set(_LETTERS[: max(1, len(draft.chosen))].lower())
    recipe = replace(
        draft.recipe,
        parameters=_only(known, draft.recipe.parameters),
        blocks=_only(known, draft.recipe.blocks),
        parts={
            part: giver
            for part, giver in draft.recipe.parts.items()
            if giver == MERGED or giver in letters
        },
    )
    return replace(draft, recipe=recipe)
