"""Hashes that a file's metadata says of itself, held against those of its tensors.

(``formats.md`` 7; ``merging.md`` 3.4 on the wrong ones that are in the wild.)
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ckpt_studio.core.problems import Problem, warning

KEYS = frozenset({"sshs_model_hash", "modelspec.hash_sha256"})
"""Keys that hold the sha256 of everything after the header, some of them after ``0x``."""

_LEAST_DIGITS = 8
"""What programs shorten a hash to: AutoV3 has 12 digits, the shortest that are in use 8."""

_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@dataclass(frozen=True, slots=True)
class StoredHash:
    """A hash in the metadata, and whether it is that of the tensors."""

    key: str
    value: str
    right: bool


def stored_hashes(metadata: Mapping[str, str], data_sha256: str) -> tuple[StoredHash, ...]:
    """Return the hashes that the metadata holds, checked.

    ``data_sha256`` are 64 hexadecimal digits: the sha256 of everything after the header. The
    beginning of it is right, too: AutoV3 are its first 12 digits (``formats.md`` 7).
    """
    return tuple(
        StoredHash(key, value, _begins(data_sha256, _plain(value)))
        for key, value in metadata.items()
        if key in KEYS
    )


def wrong_hashes(metadata: Mapping[str, str], data_sha256: str) -> tuple[Problem, ...]:
    """Return what is wrong with the hashes that the metadata holds."""
    return tuple(
        _wrong(stored) for stored in stored_hashes(metadata, data_sha256) if not stored.right
    )


def _begins(data_sha256: str, value: str) -> bool:
    return len(value) >= _LEAST_DIGITS and data_sha256.startswith(value)


def _plain(value: str) -> str:
    return value.strip().lower().removeprefix("0x")


def _wrong(stored: StoredHash) -> Problem:
    message = f"The hash in the metadata ({stored.key}) is not that of the tensors."
    hint = "They were changed after it was stored, or it was taken in another order. Remove it."
    if _begins(_OF_NOTHING, _plain(stored.value)):
        message = f"The hash in the metadata ({stored.key}) is that of an empty file."
        hint = "The program that trained the model stored a wrong one. Remove it."
    return warning(message, hint, f"wrong-hash:{stored.key}")
