"""Files with presets of block weights, as SuperMerger and others keep them."""

from pathlib import Path

from ckpt_studio.core.errors import FormatError, PlanError
from ckpt_studio.core.merging.weights_text import Preset, parse_presets
from ckpt_studio.formats.shown import shown_name

_LARGEST_BYTES = 4 << 20
_HINT = "A preset is a line with a name, a tab and values with commas between."


def read_presets(path: Path) -> tuple[Preset, ...]:
    """Return the presets of a file, lines ``NAME<TAB>v,v,…``.

    Raises:
        FormatError: the file cannot be read, or holds something else.
    """
    name = shown_name(path)
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise FormatError(f"{name} is too large for a file of presets.", _HINT)
        text = path.read_text("utf-8-sig")
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror or error}."
        raise FormatError(message, "Choose another file.") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{name} is not a text.", _HINT) from error
    try:
        return parse_presets(text)
    except PlanError as error:
        raise FormatError(f"{name}: {error.message}", error.hint) from error
