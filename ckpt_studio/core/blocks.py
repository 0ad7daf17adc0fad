"""Which block of its model a tensor belongs to, in the words people use, from its name alone."""

from functools import lru_cache

_NUMBERED = {
    "input_blocks": "IN{:02}",
    "output_blocks": "OUT{:02}",
    "double_blocks": "double {}",
    "single_blocks": "single {}",
    "single_transformer_blocks": "single {}",
    "joint_blocks": "joint {}",
    "transformer_blocks": "block {}",
    "blocks": "block {}",
    "down_blocks": "down {}",
    "up_blocks": "up {}",
    "down": "down {}",
    "up": "up {}",
    "resblocks": "layer {}",
    "layers": "layer {}",
    "block": "layer {}",
}
"""The word before the number of a block, as UNets (LDM and diffusers), diffusion transformers, VAEs
and text encoders write it; ``block`` is a layer of T5."""

_MIDDLE = {"middle_block": "MID", "mid_block": "mid", "mid": "mid"}

_MOST_DIGITS = 6


def block_of(name: str) -> str | None:
    """Return ``IN04``, ``MID``, ``double 12``, ``layer 3``, …; None outside the blocks.

    The outermost block counts: a transformer block inside ``input_blocks.4`` belongs to ``IN04``.
    """
    return _block_of_folder(name.rpartition(".")[0])


@lru_cache(maxsize=4096)
def _block_of_folder(folder: str) -> str | None:
    """Work it out from the name without its last word: weights and biases share it."""
    words = [*folder.split("."), ""]
    for place, word in enumerate(words[:-1]):
        if word in _MIDDLE:
            return _MIDDLE[word]
        if word in _NUMBERED and place + 2 < len(words) and _is_number(words[place + 1]):
            return _NUMBERED[word].format(int(words[place + 1]))
    return None


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _MOST_DIGITS
