"""Read the tokenizer beside a text encoder in a diffusers folder, as far as it is text."""

import os
from pathlib import Path

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.files import open_source, read_exactly
from ckpt_studio.formats.plain_paths import inside

_ENDINGS = (".json", ".txt")
_MOST_BYTES = 32 << 20
_MOST_FILES = 20
_VOCABULARIES = ("tokenizer.json", "vocab.json")
"""One of these makes a tokenizer; the others only change it (``spiece.model`` is no text)."""


def tokenizer_texts(model: Path, name: str) -> dict[str, str]:
    """Return the text files of ``model/name`` by their names; none where they make no tokenizer.

    What is too large (32 MiB a file), no text in UTF-8 or leads out of the folder is left out.
    """
    try:
        folder = inside(model / "model_index.json", name)
        names = sorted(entry.name for entry in folder.iterdir())
    except (OSError, FormatError):
        return {}
    wanted = [file for file in names if file.endswith(_ENDINGS)][:_MOST_FILES]
    texts = {file: text for file in wanted if (text := _text(folder, file)) is not None}
    return texts if any(file in texts for file in _VOCABULARIES) else {}


def _text(folder: Path, name: str) -> str | None:
    try:
        source = open_source(inside(folder / "tokenizer.json", name))
    except FormatError:
        return None
    try:
        data = read_exactly(source, _MOST_BYTES + 1, 0)
        return data.decode() if len(data) <= _MOST_BYTES else None
    except (OSError, UnicodeDecodeError):
        return None
    finally:
        os.close(source)
