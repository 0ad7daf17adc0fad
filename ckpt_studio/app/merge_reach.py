"""What the numbers of a merge reach in model A, by its header alone."""

from ckpt_studio.core.families.part_names import ANY_TEXT_ENCODER, is_text_encoder
from ckpt_studio.core.merging.partitions import Partition
from ckpt_studio.core.merging.tables import owners, table_of
from ckpt_studio.core.merging.values import giver, matches
from ckpt_studio.core.recipe import Merge
from ckpt_studio.core.recognition import Opened

_UNET = "unet"


class MergeReach:
    """Knows the part and ComfyUI's key of each tensor of a file."""

    def __init__(self, opened: Opened) -> None:
        self._owners = owners(table_of(opened, 0))

    def matched(self, recipe: Merge, pattern: str) -> int:
        """Return how many tensors that are merged a rule with this pattern is for."""
        return sum(
            matches(pattern, key, name)
            for name, (part, key) in self._owners.items()
            if giver(recipe, part) is None
        )

    def outside(self, recipe: Merge, partition: Partition) -> tuple[str, ...]:
        """Return the parts of which tensors are merged that lie in no block.

        Only for them a parameter counts that has a value in each block.
        """
        found = (
            part or _UNET
            for part, key in self._owners.values()
            if giver(recipe, part) is None
            and not _has_own_value(recipe, part)
            and partition.index(part or _UNET, key) is None
        )
        return tuple(dict.fromkeys(found))


def _has_own_value(recipe: Merge, part: str) -> bool:
    group = ANY_TEXT_ENCODER if is_text_encoder(part) else part
    return part in recipe.part_values or group in recipe.part_values
