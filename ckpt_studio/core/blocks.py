"""Which block of its model a tensor belongs to, read from its name alone."""

import re

_NAMED = {
    "input_blocks": "IN",
    "middle_block": "MID",
    "output_blocks": "OUT",
    "down_blocks": "DOWN",
    "mid_block": "MID",
    "up_blocks": "UP",
    "double_blocks": "DOUBLE",
    "single_blocks": "SINGLE",
    "joint_blocks": "JOINT",
    "transformer_blocks": "DOUBLE",
    "single_transformer_blocks": "SINGLE",
    "down": "DOWN",
    "mid": "MID",
    "up": "UP",
    "resblocks": "LAYER",
    "layers": "LAYER",
    "block": "LAYER",
}
"""The word of a name that opens a block, as UNets, diffusion transformers, VAEs and text encoders
write it, with the short name that people use. ``block`` is a layer of T5."""

_BLOCK = re.compile(rf"(?:^|\.)({'|'.join(_NAMED)})(?:\.(\d+))?(?=\.)")


def block_of(name: str) -> str | None:
    """Return ``IN04``, ``MID``, ``DOUBLE12``, …; None for a tensor outside the blocks.

    The outermost block counts: a transformer block inside ``input_blocks.4`` belongs to ``IN04``.
    """
    found = _BLOCK.search(name)
    if found is None:
        return None
    word, number = found.groups()
    short = _NAMED[word]
    if number is None or short == "MID":
        return "MID" if short == "MID" else None
    return f"{short}{int(number):02d}"
