"""What in metadata says more about its author than a reader needs, and edits that take it out.

``merging.md`` 3.3 lists the keys of trainers that leak folder names, ``ux.md`` 0.7 those that
loaders need and that are kept.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

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
    }
)
PROMPT_KEYS = frozenset(
    {
        "prompt",
        "workflow",
        "parameters",
        "ss_sample_prompts",
        "sui_image_params",
        "invokeai_metadata",
        "invokeai_workflow",
        "invokeai_graph",
        "sd-metadata",
        "Dream",
    }
)

_ROOTS = (
    "home|Users|root|mnt|media|Volumes|workspace|content|kaggle|data|tmp|opt|var|srv|run|scratch"
)
_REST = r"[^\"'<>|*?\n\r\t,;]*"
_PATH = re.compile(
    rf"(?<![A-Za-z0-9])[A-Za-z]:[\\/]{_REST}"  # C:\Users\ana\model.safetensors
    rf"|(?<![\\\w])\\\\[^\\\s\"]+\\{_REST}"  # \\server\share\model.safetensors
    rf"|(?<![\w.:/~])~?/(?:{_ROOTS})/{_REST}"  # /home/ana/model.safetensors
    rf"|(?<![\w.:/])~/{_REST}"
)
_USER = re.compile(r"(?:[\\/]|^)(?:home|Users|Documents and Settings)[\\/]+([^\\/\"\n]+)")
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
_SIGNS = {PrivateKind.PATH: ("/", "\\"), PrivateKind.EMAIL: ("@",)}
"""What has to be in a text for it to be worth a search."""

_SHORTEST_NAME = 3
_NOBODY = "user"
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
    users = _user_names(text for value in texts.values() for text in value)
    findings: list[Finding] = []
    for key, value in readable.items():
        if kind := _whole(key):
            findings.append(Finding(key, kind, 1, (value,)))
        for kind, pattern in _patterns(users).items():
            hits = [hit for text in texts[key] for hit in _hits(kind, pattern, text)]
            if hits:
                examples = tuple(dict.fromkeys(hits))[:_EXAMPLES]
                findings.append(Finding(key, kind, len(hits), examples))
    return tuple(findings)


def cleaning(metadata: Metadata, ticked: Iterable[Finding]) -> tuple[Edit, ...]:
    """Return the edits that take the ticked findings out; nothing else changes.

    A value of which nothing is left is removed with its key.
    """
    chosen = tuple(ticked)
    users = _user_names(text for value in metadata.values() for text in strings_in(value))
    gone = {finding.key for finding in chosen if finding.removes_key}
    values: dict[str, str] = {}
    for finding in chosen:
        if finding.key in gone or finding.key not in metadata:
            continue
        old = values.get(finding.key, metadata[finding.key])
        change = _change(finding.kind, _patterns(users)[finding.kind])
        values[finding.key] = replace_in_strings(old, change)
    gone |= {key for key, value in values.items() if not value.strip()}
    kept = {key: value for key, value in values.items() if key not in gone}
    replace = (ReplaceAll(kept, "Clean for sharing"),) if kept else ()
    remove = (RemoveKeys(frozenset(gone)),) if gone else ()
    return (*remove, *replace)


def _whole(key: str) -> PrivateKind | None:
    if key in DATASET_KEYS:
        return PrivateKind.DATASET
    return PrivateKind.PROMPT if key in PROMPT_KEYS else None


def _patterns(users: frozenset[str]) -> Mapping[PrivateKind, re.Pattern[str]]:
    patterns = {PrivateKind.PATH: _PATH, PrivateKind.EMAIL: _EMAIL}
    if users:
        names = "|".join(map(re.escape, sorted(users, key=len, reverse=True)))
        patterns[PrivateKind.USER] = re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE)
    return patterns


def _hits(kind: PrivateKind, pattern: re.Pattern[str], text: str) -> list[str]:
    if not any(sign in text for sign in _SIGNS.get(kind, ("",))):
        return []  # most texts are short of them, and long ones take long
    if kind is PrivateKind.USER:
        text = _PATH.sub("", text)  # a name in a path is told as a path
    return [found[0].rstrip("\\/ ") for found in pattern.finditer(text)]


def _user_names(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(
        name
        for text in texts
        if "/" in text or "\\" in text
        for found in _USER.finditer(text)
        if len(name := found[1].strip()) >= _SHORTEST_NAME and name.lower() not in _ANYBODY
    )


def _change(kind: PrivateKind, pattern: re.Pattern[str]) -> Callable[[str], str]:
    if kind is PrivateKind.PATH:
        return partial(pattern.sub, _file_name)
    return partial(pattern.sub, _NOBODY if kind is PrivateKind.USER else "")


def _file_name(found: re.Match[str]) -> str:
    return re.split(r"[\\/]", found[0].rstrip("\\/ "))[-1]
