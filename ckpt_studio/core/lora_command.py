"""Work on LoRAs as the words of the command that does the same."""

from collections.abc import Iterator

from ckpt_studio.core.lora.recipes import ExtractLora, LoraRecipe, MergeLoras, ResizeLora
from ckpt_studio.core.merge_command import lora_word
from ckpt_studio.core.recipe import Precision


def lora_words(recipe: LoraRecipe) -> Iterator[str]:
    """Yield the command up to the options that all commands share."""
    yield "lora"
    match recipe:
        case ExtractLora():
            yield from _extract(recipe)
        case MergeLoras():
            yield from ("merge", *map(lora_word, recipe.loras))
        case ResizeLora():
            yield from ("resize", str(recipe.source))
    if recipe.rank is not None:
        yield from ("--rank", str(recipe.rank))
    if recipe.energy is not None:
        yield from ("--energy", repr(recipe.energy))
    if recipe.precision is not Precision.FP16:
        keep = recipe.precision is Precision.KEEP  # factors that are kept come in fp32
        yield from ("--dtype", "fp32" if keep else recipe.precision.value)


def _extract(recipe: ExtractLora) -> Iterator[str]:
    yield from ("extract", str(recipe.a), str(recipe.b))
    if recipe.conv_rank is not None:
        yield from ("--conv-rank", str(recipe.conv_rank))
    if not recipe.te:
        yield "--no-te"
    if recipe.vectors:
        yield "--vectors"
