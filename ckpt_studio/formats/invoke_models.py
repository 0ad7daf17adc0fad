"""Read which models InvokeAI knows from its database; nothing is written, not even a lock.

Its table ``models`` keeps a JSON ``config`` for each model with ``name``, ``type`` and ``path``; a
path that is not absolute begins at the models folder (versions 4 to 6).
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.shown import shown_name

_QUERY = "SELECT config FROM models LIMIT 100000"


@dataclass(frozen=True, slots=True)
class InvokeModel:
    """A model of the list; ``type`` is InvokeAI's word for its kind."""

    name: str
    type: str
    path: Path


def read_invoke_models(database: Path, models: Path) -> tuple[InvokeModel, ...]:
    """Return the models of a database; ``models`` is the models folder.

    Raises:
        FormatError: it is no database of InvokeAI, or InvokeAI is writing it at this moment.
    """
    address = f"file:{quote(database.absolute().as_posix())}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as opened:
            rows = opened.execute(_QUERY).fetchall()
    except sqlite3.Error as problem:
        raise FormatError(
            f"{shown_name(database)} cannot be read: {problem}", "Close InvokeAI and try again."
        ) from problem
    found = (_model(str(config), models) for (config,) in rows)
    return tuple(model for model in found if model is not None)


def _model(config: str, models: Path) -> InvokeModel | None:
    """Return a model, None for a row that says too little to find it."""
    try:
        values = json.loads(config)
    except ValueError:
        return None
    if not isinstance(values, dict):
        return None
    name, kind, path = (values.get(key) for key in ("name", "type", "path"))
    if not (isinstance(name, str) and isinstance(kind, str) and isinstance(path, str) and path):
        return None
    return InvokeModel(name, kind, models / path)
