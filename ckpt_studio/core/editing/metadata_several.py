"""Metadata of several files edited as one: what they share, and edits for each of them."""

from collections.abc import Iterable, Sequence

from ckpt_studio.core.editing.metadata_rules import same
from ckpt_studio.core.metadata import Edit, Metadata, RemoveKeys, RenameKey, ReplaceAll, SetValue

KEEP = "<keep>"
"""Stands for values that are not the same in all files; it is never written."""


def merged(several: Sequence[Metadata]) -> dict[str, str]:
    """Return the keys of all files; a value that not all of them have is ``<keep>``."""
    keys = dict.fromkeys(key for metadata in several for key in metadata)
    return {
        key: values[0] if len(set(values)) == 1 and len(values) == len(several) else KEEP
        for key in keys
        if (values := [one[key] for one in several if key in one])
    }


def edits_for(metadata: Metadata, edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return those of the edits that change one file; ``<keep>`` keeps the value it has.

    A key is not renamed where it is not there, or where the new name is taken.
    """
    wanted: list[Edit] = []
    for edit in edits:
        fitting = _fitting(metadata, edit)
        if fitting is not None and not same(fitting.apply(metadata), metadata):
            wanted.append(fitting)
            metadata = fitting.apply(metadata)
    return tuple(wanted)


def _fitting(metadata: Metadata, edit: Edit) -> Edit | None:
    match edit:
        case SetValue(_, value):
            return None if value == KEEP else edit
        case ReplaceAll(values, label):
            return ReplaceAll({key: value for key, value in values.items() if value != KEEP}, label)
        case RenameKey(old, new):
            return edit if old in metadata and new not in metadata else None
        case RemoveKeys():
            return edit
