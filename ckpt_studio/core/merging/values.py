"""Which values the parameters of a merge have for one tensor, and which model gives a part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.part_names import ANY_TEXT_ENCODER, is_text_encoder
from ckpt_studio.core.merging.method_spec import LARGEST
from ckpt_studio.core.merging.methods import MethodSpec, check, completed
from ckpt_studio.core.merging.partitions import Partition
from ckpt_studio.core.recipe import MERGED, LoraUse, Merge
from ckpt_studio.core.text import listed

_LARGEST_SEED = 1 << 53
"""Beyond it several whole numbers are one floating number."""

_MOST_LORAS = 100
"""Each is one level more of an expression."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Values:
    """The numbers of a recipe, tensor by tensor: rule before block before part before parameter."""

    recipe: Merge
    spec: MethodSpec
    partition: Partition | None

    def of(self, part: str, key: str, name: str) -> dict[str, float]:
        """Return every parameter for a tensor: its part, ComfyUI's key and its name in the file."""
        recipe = self.recipe
        found = completed(self.spec, len(recipe.models), recipe.parameters)
        found |= recipe.part_values.get(group(part), {})
        found |= recipe.part_values.get(part, {})
        place = self._place(part, key)
        if place is not None:
            found |= {name: weights[place] for name, weights in recipe.blocks.items()}
        for rule in recipe.rules:
            if matches(rule.pattern, key, name):
                found |= rule.values
        return found

    def strength(self, lora: LoraUse, part: str, key: str) -> float:
        """Return the strength of a LoRA for a tensor."""
        strength = lora.strength
        if is_text_encoder(part) and lora.te_strength is not None:
            strength = lora.te_strength
        place = self._place(part, key) if lora.blocks else None
        return strength if place is None else strength * lora.blocks[place]

    def _place(self, part: str, key: str) -> int | None:
        return None if self.partition is None else self.partition.index(part or "unet", key)


def matches(pattern: str, key: str, name: str) -> bool:
    """Whether the pattern of a rule fits a tensor: ComfyUI's key or its name in the file."""
    if any(sign in pattern for sign in "*?"):
        return fnmatchcase(key, pattern) or fnmatchcase(name, pattern)
    return pattern in key or pattern in name


def group(part: str) -> str:
    """Return what stands for a part and its like: all text encoders are one, "te"."""
    return ANY_TEXT_ENCODER if is_text_encoder(part) else part


def giver(recipe: Merge, part: str) -> int | None:
    """Return the number of the model that gives a part as it is; None where it is merged."""
    default = "a" if part == "vae" or len(recipe.models) == 1 else MERGED
    choice = recipe.parts.get(part, recipe.parts.get(group(part), default))
    return None if choice == MERGED else LETTERS.index(choice)


def require_sound(recipe: Merge, spec: MethodSpec, parts: Iterable[str]) -> None:
    """Check what a recipe says against the method and the parts of the first model.

    Raises:
        PlanError: a number, a name or a count that the method or the model does not have.
    """
    models = len(recipe.models)
    for values in _all_values(recipe):
        check(spec, models, {**recipe.parameters, **values})
    _require_numbers(recipe)
    known = {each for part in parts if part for each in (part, group(part))}
    for part, choice in recipe.parts.items():
        if part not in known:
            raise PlanError(
                f"The first model has no part “{part}”.", f"It has {_listed(sorted(known))}."
            )
        if choice != MERGED and choice not in LETTERS[:models]:
            raise PlanError(
                f"The part {part} cannot come from “{choice}”.",
                f"Say {MERGED}, or one of {', '.join(LETTERS[:models])}.",
            )
    for part in recipe.part_values:
        if part not in known:
            raise PlanError(
                f"The first model has no part “{part}”.", f"It has {_listed(sorted(known))}."
            )


def _require_numbers(recipe: Merge) -> None:
    """Check the numbers that belong to no method."""
    if len(recipe.loras) > _MOST_LORAS:
        raise PlanError(
            f"{len(recipe.loras):,} LoRAs are too many.", f"Bake in at most {_MOST_LORAS} at once."
        )
    for lora in recipe.loras:
        for value in (lora.strength, lora.te_strength or 0.0, *lora.blocks):
            if not abs(value) <= LARGEST:
                raise PlanError(
                    f"{lora.path.name} cannot have a strength of {value:g}.",
                    f"Give a number between −{LARGEST:,.0f} and {LARGEST:,.0f}.",
                )
    if abs(recipe.seed) > _LARGEST_SEED:
        raise PlanError("The seed is too large.", f"Give at most {_LARGEST_SEED}.")


def _listed(words: list[str]) -> str:
    return listed(words) if words else "no known parts"


def _all_values(recipe: Merge) -> Iterable[Mapping[str, float]]:
    """Yield every set of numbers that a tensor may get."""
    yield {}
    yield from recipe.part_values.values()
    yield from (rule.values for rule in recipe.rules)
    for name, weights in recipe.blocks.items():
        yield from ({name: weight} for weight in set(weights))


def require_blocks(recipe: Merge, partition: Partition) -> None:
    """Check that block weights have one value for each block.

    Raises:
        PlanError: they have more or fewer.
    """
    lists = [*recipe.blocks.items(), *((each.path.name, each.blocks) for each in recipe.loras)]
    for name, weights in lists:
        if weights and len(weights) != len(partition.blocks):
            raise PlanError(
                f"{name} has {len(weights)} block weights; this model has "
                f"{len(partition.blocks)} blocks.",
                f"The blocks are {', '.join(partition.blocks)}.",
            )


def with_seed(numbers: Mapping[str, float], spec: MethodSpec, seed: int) -> dict[str, float]:
    """Return the numbers and, for a method that draws lots, the seed."""
    return {**numbers, "seed": float(seed)} if spec.random else dict(numbers)
