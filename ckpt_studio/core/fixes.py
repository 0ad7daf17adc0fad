"""What mends a file, as a change to the recipe that converts it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ckpt_studio.core.metadata import Edit
from ckpt_studio.core.recipe import Convert, Precision


@dataclass(frozen=True, slots=True)
class Fix:
    """A change to a conversion; ``label`` is what a button says. Fixes can be applied together.

    The fields are those of ``Convert``; ``edits`` change the metadata.
    """

    label: str
    drop: tuple[str, ...] = ()
    prune: bool = False
    fix_position_ids: bool = False
    edits: tuple[Edit, ...] = ()
    precision: Mapping[str, Precision] = field(default_factory=dict)

    def applied(self, recipe: Convert) -> Convert:
        """Return the recipe with this change."""
        return replace(
            recipe,
            drop=tuple(dict.fromkeys((*recipe.drop, *self.drop))),
            prune=recipe.prune or self.prune,
            fix_position_ids=recipe.fix_position_ids or self.fix_position_ids,
            precision={**recipe.precision, **self.precision},
            metadata=replace(recipe.metadata, edits=(*recipe.metadata.edits, *self.edits)),
        )
