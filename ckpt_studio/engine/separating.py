"""Plan the parts of a checkpoint as files of their own: one plan for each, and one to look at."""

from pathlib import Path

from ckpt_studio.core.assembly.separate_files import (
    SeparateFiles,
    nothing_chosen,
    separate_files,
    together,
)
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.problems import Problem, warning
from ckpt_studio.core.recipe import Assemble
from ckpt_studio.core.text import binary_size
from ckpt_studio.engine.opening import Library
from ckpt_studio.engine.output_places import clashes
from ckpt_studio.engine.planning import plan
from ckpt_studio.engine.separate_plans import SeparatePlans


def plan_parts(recipe: Assemble, library: Library | None = None) -> SeparatePlans:
    """Return the plans for each part of a recipe; reads nothing but headers and writes nothing.

    Raises:
        FormatError: a source is no model, or is damaged.
        PlanError: nothing was chosen, or a name cannot be used.
    """
    library = library or Library()
    separate = separated(recipe, library)
    recipes = [item.recipe for item in separate.files if item.recipe is not None]
    plans = tuple(plan(each, library) for each in recipes)
    about_all = (nothing_chosen(separate), *clashes(plans), _too_large(plans))
    more = [problem for problem in about_all if problem is not None]
    return SeparatePlans(separate.files, plans, together(separate, plans, recipe.output.path, more))


def separated(recipe: Assemble, library: Library) -> SeparateFiles:
    """Return the recipes for each part; names are proposed that no file has.

    Raises:
        FormatError: a source is no model, or is damaged.
        PlanError: nothing was chosen, or a name cannot be used.
    """
    opened = {path: library.open(path) for path in recipe.sources}
    return separate_files(recipe, opened, _exists)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False  # planning that file says what is wrong with its place


def _too_large(plans: tuple[Plan, ...]) -> Problem | None:
    free = [each.free_bytes for each in plans if each.free_bytes is not None]
    needed = sum(each.bytes for each in plans)
    if not free or needed <= min(free):
        return None
    message = (
        f"The disk may be too small: {binary_size(needed)} are needed, "
        f"{binary_size(min(free))} are free."
    )
    return warning(message, "Make room, or choose another disk.", "disk-space")
