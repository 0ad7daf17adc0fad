"""How two states of metadata differ, as numbers of keys."""

from dataclasses import dataclass

from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.text import counted, listed


@dataclass(frozen=True, slots=True)
class Changes:
    """The keys that come, that get another value, and that go."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Return ``2 keys added and 1 changed``."""
        kinds = ((self.added, "added"), (self.changed, "changed"), (self.removed, "removed"))
        (first, *others) = [(len(keys), word) for keys, word in kinds if keys] or [(0, "")]
        if not first[0]:
            return "another order of the keys"
        return listed([f"{counted(first[0], 'key')} {first[1]}", *(f"{n} {w}" for n, w in others)])


def changes(before: Metadata, after: Metadata) -> Changes:
    """Return what is different; a key that was renamed goes and comes."""
    return Changes(
        tuple(key for key in after if key not in before),
        tuple(key for key in after if key in before and before[key] != after[key]),
        tuple(key for key in before if key not in after),
    )
