"""What stands at the place of an output, and whether it can be written there."""

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from ckpt_studio.core.assembly.sharding import older_shards
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.problems import Problem, error, note
from ckpt_studio.engine.target import SUFFIX
from ckpt_studio.formats.shown import shown, shown_name, some

READ_ONLY_FILE, READ_ONLY_DISK, NO_PERMISSION = "read-only-file", "read-only", "no-permission"
"""Codes of problems for which another place helps."""

_ANYBODY_WRITES = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def place_problems(planned: Plan, output: Path) -> list[Problem]:
    """Return what is wrong with the place of a plan: one file, shards, or the folder of a model.

    Raises:
        PermissionError: a folder may not be looked into.
    """
    if not planned.files:
        found = _taken((output,), overwrite=planned.overwrite) or _older_set(planned, output)
    elif planned.has_index:
        found = _shards(planned, output.parent)
    else:
        found = _folder(output)
    return found or _parent_problems(output)


def _taken(paths: Iterable[Path], *, overwrite: bool) -> list[Problem]:
    for path in paths:
        if path.is_dir():
            return [error(f"{path} is a folder.", "Choose the name of a file.", "is-folder")]
        if path.exists() and not overwrite:
            return [_exists(path.name)]
        if path.exists() and _is_protected(path):
            message = f"{shown_name(path)} is read-only."
            return [error(message, "Choose another name.", READ_ONLY_FILE)]
    return []


def _exists(name: str) -> Problem:
    message = f"{shown(name)} exists already."
    return error(message, "Choose another name, or allow overwriting.", "exists")


def _older_set(planned: Plan, output: Path) -> list[Problem]:
    """Refuse to write one file beside older shards of its name: loaders would read those."""
    older = older_shards(planned, _names(output.parent)) if planned.shard_bytes else []
    if not older:
        return []
    message = f"An older set of shards of this name lies in the folder: {some(older)}."
    hint = "Choose another name, or remove those files; some programs would read them instead."
    return [error(message, hint, "older-set")]


def _shards(planned: Plan, folder: Path) -> list[Problem]:
    paths = [folder / name for name in (*planned.files, *planned.texts)]
    taken = _taken(paths, overwrite=planned.overwrite)
    older = older_shards(planned, _names(folder))
    if taken or (older and not planned.overwrite):
        return taken or [_exists(older[0])]
    return []


def beside_shards(planned: Plan) -> list[Problem]:
    """Return a note about a single file of the same name in the folder of shards."""
    if planned.output is None or not planned.has_index:
        return []
    plain = planned.output.with_name(planned.output.name.removesuffix(".index.json"))
    if not plain.exists():
        return []
    message = f"{shown_name(plain)} stays beside the shards; some programs read that file instead."
    return [note(message, "Choose another name or folder for the shards.", "plain-beside")]


def clashes(plans: Sequence[Plan]) -> list[Problem]:
    """Return an error for each file of several parts that two share, or that a part comes from.

    The plans are written one after the other: the later one would find its source replaced, or
    take the place of what the earlier one wrote. Names that differ in case alone are the same
    file on some systems.
    """
    sources = {
        os.path.realpath(file.path)
        for planned in plans
        for source in planned.sources
        for file in source.files
    }
    problems: list[Problem] = []
    taken: dict[str, str] = {}
    for planned in plans:
        part = part_name(planned.parts[0].part)
        for path in _written(planned):
            place, name = os.path.realpath(path), shown_name(path)
            other = taken.setdefault(place.casefold(), part)
            if other != part:
                message = f"The {other} and the {part} would be the same file, {name}."
                problems.append(error(message, "Give one of them another name.", "same-file"))
            elif place in sources:
                message = f"{name} is a source of this plan; it cannot be replaced by a part."
                problems.append(error(message, "Choose another name.", "is-source"))
    return problems


def _written(planned: Plan) -> list[Path]:
    if planned.output is None or planned.folder is None:
        return []
    return [planned.folder / name for name in (*planned.files, *planned.texts)] or [planned.output]


def _folder(output: Path) -> list[Problem]:
    if output.exists() and not output.is_dir():
        return [error(f"{output} is a file, not a folder.", "Choose another name.", "not-folder")]
    if any(not name.endswith(SUFFIX) for name in _names(output)):
        hint = "Choose a new folder, or an empty one."
        return [error(f"The folder {shown_name(output)} is not empty.", hint, "not-empty")]
    return []


def _is_protected(path: Path) -> bool:
    """Whether somebody said that a file is not to be changed; replacing it would not ask."""
    if not path.stat().st_mode & _ANYBODY_WRITES:
        return True
    effective = os.access in os.supports_effective_ids
    return not os.access(path, os.W_OK, effective_ids=effective)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _parent_problems(path: Path) -> list[Problem]:
    folder = next((parent for parent in path.absolute().parents if parent.exists()), None)
    if folder is not None and not folder.is_dir():
        return [error(f"{folder} is a file, not a folder.", "Choose another folder.", "not-folder")]
    if folder is not None and _is_read_only(folder):
        message = f"The disk of {folder} is read-only."
        return [error(message, "Choose another folder.", READ_ONLY_DISK)]
    if folder is not None and not os.access(folder, os.W_OK):
        message = f"There is no permission to write in {folder}."
        return [error(message, "Choose another folder.", NO_PERMISSION)]
    return []


def _is_read_only(folder: Path) -> bool:
    if not hasattr(os, "statvfs"):
        return False
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
