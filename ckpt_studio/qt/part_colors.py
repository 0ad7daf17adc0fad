"""Which of the theme's colours a part of a model has, the same on every panel."""

_ORDER = ("unet", "clip_g", "clip_l", "vae", "t5xxl")
_ALIKE = {"te": "clip_g", "clip_h": "clip_g"}  # never beside CLIP-G


def part_index(part: str) -> int:
    """Return the index of the colour of a part; the last one is for all others."""
    part = _ALIKE.get(part, part)
    return _ORDER.index(part) if part in _ORDER else len(_ORDER)
