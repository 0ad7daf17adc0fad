"""A merge as the words of the command that does the same."""

from collections.abc import Iterator

from ckpt_studio.core.recipe import MERGED, LoraUse, Merge

_OWN_OPTIONS = ("alpha", "beta", "gamma")


def merge_words(recipe: Merge) -> Iterator[str]:
    """Yield the command up to the options that all commands share."""
    yield from ("merge", *map(str, recipe.models), "--method", recipe.method)
    for name, value in recipe.parameters.items():
        if name in _OWN_OPTIONS:
            yield from (f"--{name}", _number(value))
        else:
            yield from ("--param", f"{name}={_number(value)}")
    for name, weights in recipe.blocks.items():
        yield from ("--blocks", f"{name}={_numbers(weights)}")
    if recipe.partition:
        yield from ("--partition", recipe.partition)
    yield from _parts(recipe)
    for rule in recipe.rules:
        for name, value in rule.values.items():
            yield from ("--rule", f"{rule.pattern}:{name}={_number(value)}")
    yield from _more(recipe)


def _parts(recipe: Merge) -> Iterator[str]:
    for part, choice in recipe.parts.items():
        if choice != MERGED or "alpha" not in recipe.part_values.get(part, {}):
            yield from ("--part", f"{part}={choice}")
    for part, values in recipe.part_values.items():
        if "alpha" in values:
            yield from ("--part", f"{part}={_number(values['alpha'])}")


def _more(recipe: Merge) -> Iterator[str]:
    if recipe.seed:
        yield from ("--seed", str(recipe.seed))
    for lora in recipe.loras:
        yield from ("--lora", lora_word(lora))
    if any(lora.blocks for lora in recipe.loras):
        for lora in recipe.loras:
            yield from ("--lora-blocks", _numbers(lora.blocks))
    if recipe.vae is not None:
        yield from ("--vae", str(recipe.vae))
    if recipe.adjust:
        yield from ("--adjust", _numbers(recipe.adjust))
    if recipe.prune:
        yield "--prune"


def lora_word(lora: LoraUse) -> str:
    """Return ``FILE:STRENGTH``, with the strength for text encoders where that is another."""
    strengths = f":{_number(lora.strength)}"
    if lora.te_strength is not None:
        strengths += f":{_number(lora.te_strength)}"
    return f"{lora.path}{strengths}"


def _numbers(values: tuple[float, ...]) -> str:
    return ",".join(map(_number, values))


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")
