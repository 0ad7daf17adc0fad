"""What in metadata says more about its author than a reader needs, and edits that take it out.

``merging.md`` 3.3 lists the keys of trainers that leak folder names, ``ux.md`` 0.7 those that
loaders need and that are kept.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from ckpt_studio.core.editing.private_paths import (
    NOBODY,
    file_name,
    find_paths,
    replace_paths,
    users_in,
)
from ckpt_studio.core.json_values.json_strings import replace_in_strings, strings_in
from ckpt_studio.core.metadata import LOCKED_KEYS, Edit, Metadata, RemoveKeys, ReplaceAll


class PrivateKind(StrEnum):
    """A kind of private information."""

    PATH = "path"
    USER = "user"
    EMAIL = "email"
    DATASET = "dataset"
    PROMPT = "prompt"


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of private information in one value: how often, and up to three examples.

    Paths are shortened to the name of the file, user names and addresses are taken out of the
    value; datasets and prompts are values that go as a whole.
    """

    key: str
    kind: PrivateKind
    count: int
    examples: tuple[str, ...]

    @property
    def removes_key(self) -> bool:
        """Whether the whole key goes."""
        return self.kind in {PrivateKind.DATASET, PrivateKind.PROMPT}


DATASET_KEYS = frozenset(
    {
        "ss_dataset_dirs",
        "ss_reg_dataset_dirs",
        "ss_datasets",
        "ss_tag_frequency",
        "ss_bucket_info",
    }
)
PROMPT_KEYS = frozenset(
    {
        "prompt",
        "workflow",
        "parameters",
        "ss_sample_prompts",
        "ss_training_comment",
        "modelspec.usage_hint",
        "Comment",
        "sui_image_params",
        "invokeai_metadata",
        "invokeai_workflow",
        "invokeai_graph",
        "sd-metadata",
        "Dream",
    }
)

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})*\.[A-Za-z]{2,24}\b")
_ANYBODY = frozenset(
    {
        "admin",
        "administrator",
        "default",
        "guest",
        "public",
        "root",
        "runner",
        "shared",
        "ubuntu",
        "user",
        "users",
    }
)
_SHORTEST_NAME = 3
_MOST_USERS = 200  # each costs a comparison at every word
_PICTURE = "data:image/"
_EXAMPLES = 3


def find_private(metadata: Metadata) -> tuple[Finding, ...]:
    """Return what is private in the values, in the order of the keys; reads no keys loaders need.

    A user name is known from the paths, and is then found wherever it stands as a word.
    """
    readable = {
        key: value
        for key, value in metadata.items()
        if key not in LOCKED_KEYS and not value.startswith(_PICTURE)
    }
    texts = {key: tuple(strings_in(value)) for key, value in readable.items()}
    users = _users(text for value in texts.values() for text in value)
    findings: list[Finding] = []
    for key, value in readable.items():
        if kind := _whole(key):
            findings.append(Finding(key, kind, 1, (value,)))
        for kind in (PrivateKind.PATH, PrivateKind.EMAIL, PrivateKind.USER):
            hits = [hit for text in texts[key] for hit in _hits(kind, users, text)]
            if hits:
                examples = tuple(dict.fromkeys(hits))[:_EXAMPLES]
                findings.append(Finding(key, kind, len(hits), examples))
    return tuple(findings)


def cleaning(metadata: Metadata, ticked: Iterable[Finding]) -> tuple[Edit, ...]:
    """Return the edits that take the ticked findings out; nothing else changes.

    A value of which nothing is left is removed with its key.
    """
    chosen = tuple(ticked)
    users = _users(text for value in metadata.values() for text in strings_in(value))
    gone = {finding.key for finding in chosen if finding.removes_key}
    values: dict[str, str] = {}
    for finding in chosen:
        if finding.key in gone or finding.key not in metadata:
            continue
        old = values.get(finding.key, metadata[finding.key])
        values[finding.key] = replace_in_strings(old, _change(finding.kind, users))
    gone |= {key for key, value in values.items() if not value.strip()}
    kept = {key: value for key, value in values.items() if key not in gone}
    replace = (ReplaceAll(kept, "Clean for sharing"),) if kept else ()
    remove = (RemoveKeys(frozenset(gone)),) if gone else ()
    return (*remove, *replace)


def _whole(key: str) -> PrivateKind | None:
    if key in DATASET_KEYS:
        return PrivateKind.DATASET
    return PrivateKind.PROMPT if key in PROMPT_KEYS else None


def _users(texts: Iterable[str]) -> re.Pattern[str] | None:
    names = {
        name
        for text in texts
        for name in users_in(text)
        if len(name) >= _SHORTEST_NAME and name.lower() not in _ANYBODY
    }
    if not names:
        return None
    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)[:_MOST_USERS]))
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)


def _hits(kind: PrivateKind, users: re.Pattern[str] | None, text: str) -> list[str]:
    if kind is PrivateKind.PATH:
        return [text[start:end].rstrip("\\/ ") for start, end in find_paths(text)]
    if kind is PrivateKind.EMAIL:
        return _EMAIL.findall(text) if "@" in text else []
    # a name in a path is told as a path
    return users.findall(replace_paths(text, lambda _: "")) if users else []


def _change(kind: PrivateKind, users: re.Pattern[str] | None) -> Callable[[str], str]:
    def without_user(text: str) -> str:
        return users.sub(NOBODY, text) if users else text

    if kind is PrivateKind.PATH:
        return partial(replace_paths, change=lambda path: without_user(file_name(path)))
    return without_user if kind is PrivateKind.USER else partial(_EMAIL.sub, "")
