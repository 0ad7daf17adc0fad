"""The texts that ComfyUI stores in a 3D model of glTF: ``asset.extras`` (glTF 2.0, 3.2 and 4.4)."""

from ckpt_studio.core.generation.values import MOST_JSON, as_text, object_in
from ckpt_studio.formats.media.tags import add_tag
from ckpt_studio.formats.pictures.collected import Collected, decoded
from ckpt_studio.formats.pictures.source import Source

SIGNATURE = b"glTF\2\0\0\0"

_HEAD, _CHUNK_HEAD = 12, 8


def read_glb(source: Source, collected: Collected) -> tuple[int, int]:
    """Collect what the extras hold; a model has no width and height, which are 0."""
    head = source.read(_HEAD, _CHUNK_HEAD)
    size = int.from_bytes(head[:4], "little")
    if head[4:] != b"JSON" or size > MOST_JSON:
        collected.odd("The model is corrupt, or its description (JSON) is too large to read.")
        return 0, 0
    data = source.read(_HEAD + _CHUNK_HEAD, size)
    described = object_in(decoded(data.rstrip(b"\0 ")))
    if not described:
        collected.odd("The model is corrupt or ends early: its description (JSON) cannot be read.")
    asset = described.get("asset")
    extras = asset.get("extras") if isinstance(asset, dict) else None
    for name, value in extras.items() if isinstance(extras, dict) else ():
        add_tag(collected, name, as_text(value), "glTF asset.extras")
    return 0, 0
