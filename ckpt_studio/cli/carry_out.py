"""From recipes to files: plan all of them, stop at the first problem, write, report."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from ckpt_studio.cli.command import Answer
from ckpt_studio.cli.hints import hint, refusal, with_hints
from ckpt_studio.cli.job import job
from ckpt_studio.cli.options import require_written
from ckpt_studio.cli.plan_text import plan_text
from ckpt_studio.core.errors import Cancelled, CkptStudioError, PlanError
from ckpt_studio.core.families.part_names import ANY_TEXT_ENCODER, is_text_encoder
from ckpt_studio.core.lora.recipes import AnyRecipe, LoraRecipe
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.problems import Problem, note
from ckpt_studio.core.recipe import Assemble, EditMetadata, Extract, Layout
from ckpt_studio.engine import (
    HashCache,
    Library,
    WriteOptions,
    plan,
    plan_parts,
    write,
    write_remembering,
    write_together,
)
from ckpt_studio.engine.output_places import clashes
from ckpt_studio.engine.summary import Json, planned
from ckpt_studio.formats.new_file import require_small_file, write_small_file
from ckpt_studio.formats.recipe_json import recipe_to_json


def carry_out(
    recipes: Sequence[AnyRecipe],
    arguments: Namespace,
    options: WriteOptions,
    *,
    save_recipe: Path | None = None,
) -> Answer:
    """Plan every recipe, then write every plan unless one is refused or it is a dry run.

    Raises:
        CkptStudioError: a plan cannot be made, or a file cannot be written.
        Cancelled: the user stopped it.
    """
    library = Library()
    plans = [made for recipe in recipes for made in _plans(recipe, library, arguments)]
    plans[0] = replace(plans[0], problems=(*plans[0].problems, *source_problems(arguments)))
    if isinstance(recipes[0], Extract):
        plans[0] = replace(plans[0], problems=(*plans[0].problems, *clashes(plans)))
    refused = next(filter(None, map(refusal, plans)), None) or _unknown_part(recipes, plans)
    if refused is not None or arguments.dry_run:
        answer = _answer([planned(one) for one in plans], refused)
        return answer if arguments.dry_run else replace(answer, text=lambda: "")
    overwrite = recipes[0].output.overwrite
    if save_recipe is not None:
        require_small_file(save_recipe, overwrite=overwrite, used=_in_use(plans))
    reports, failed = _written(plans, arguments, options)
    if save_recipe is not None and failed is None:
        failed = _write_recipe(save_recipe, recipes[0], plans, reports)
    documents = [planned(one, done) for one, done in zip_longest(plans, reports)]
    answer = _answer(documents, failed)
    if failed is not None:
        return replace(answer, text=lambda: "")
    return replace(answer, saved=tuple(str(done.path) for done in reports))


def _written(
    plans: Sequence[Plan], arguments: Namespace, options: WriteOptions
) -> tuple[list[Report], CkptStudioError | None]:
    """Write one plan after the other; return what is complete, and what stopped it after that."""
    reports: list[Report] = []
    with job(arguments) as (progress, cancel):
        if len(plans) > 1 and all(one.verb == "merge" for one in plans):
            return write_together(plans, options, progress=progress, cancel=cancel), None
        cache = HashCache()

        def write_one(one: Plan, how: WriteOptions) -> Report:
            return write(one, how, progress=progress, cancel=cancel)

        for one in plans:
            try:
                reports.append(write_remembering(one, options, write_one, cache))
            except Cancelled as stopped:
                if reports:
                    stopped.add_note(_saved_before(reports))
                raise
            except CkptStudioError as problem:
                if not reports:
                    raise
                return reports, _after(reports, problem)
    return reports, None


def _after(reports: Sequence[Report], problem: CkptStudioError) -> CkptStudioError:
    own = hint(problem.kind, problem.hint)
    problem.hint = f"{own}\n{_saved_before(reports)}".lstrip()
    return problem


def _saved_before(reports: Sequence[Report]) -> str:
    complete = ", ".join(str(done.path) for done in reports)
    return f"Saved before that: {complete}"


def _answer(documents: list[Json], error: CkptStudioError | None = None) -> Answer:
    """One file is one object; several are a list of them."""
    document = documents[0] if len(documents) == 1 else {"files": documents}
    return Answer(document, lambda: "\n\n".join(map(plan_text, documents)), error)


def source_problems(arguments: Namespace) -> tuple[Problem, ...]:
    """Return what was odd about a picture among the arguments, which no plan knows."""
    found: tuple[Problem, ...] = getattr(arguments, "source_problems", ())
    return found


def _plans(recipe: AnyRecipe, library: Library, arguments: Namespace) -> list[Plan]:
    if not (isinstance(recipe, Assemble) and recipe.output.layout is Layout.PARTS):
        return [_planned(recipe, library)]
    parts = plan_parts(recipe, library)
    require_written(getattr(arguments, "name", ()), [file.part for file in parts.files])
    if not parts.plans:
        return [with_hints(parts.whole)]
    own = {problem for each in parts.plans for problem in each.problems}
    about_all = tuple(problem for problem in parts.whole.problems if problem not in own)
    first, *others = map(with_hints, parts.plans)
    return [replace(first, problems=(*first.problems, *about_all)), *others]


def _planned(recipe: AnyRecipe, library: Library) -> Plan:
    made = with_hints(plan(recipe, library))
    if made.output is None or made.files or recipe.output.path in {None, made.output}:
        return made
    added = note(f"The ending {made.output.suffix} was added to the name.", code="ending")
    return replace(made, problems=(*made.problems, added))


def _unknown_part(recipes: Sequence[AnyRecipe], plans: Sequence[Plan]) -> PlanError | None:
    """A precision for a part that is not there is a slip of the keyboard, not a wish."""
    parts = [part.part for made in plans for part in made.parts]
    groups = {"*", *({ANY_TEXT_ENCODER} if any(map(is_text_encoder, parts)) else ())}
    for recipe in recipes:
        chosen = (
            () if isinstance(recipe, EditMetadata | LoraRecipe) or not parts else recipe.precision
        )
        for name in chosen:
            if name not in groups.union(parts):
                return PlanError(
                    f"There is no part ‘{name}’ to choose a precision for.",
                    f"The parts are {', '.join(parts)}; te means all text encoders.",
                )
    return None


def _write_recipe(
    path: Path, recipe: AnyRecipe, plans: Sequence[Plan], reports: Sequence[Report]
) -> CkptStudioError | None:
    """Store the choices of what is saved now; return what kept them from it."""
    text = recipe_to_json(recipe, folder=path.absolute().parent, indent=2)
    try:
        write_small_file(path, f"{text}\n", overwrite=recipe.output.overwrite, used=_in_use(plans))
    except CkptStudioError as problem:
        return _after(reports, problem)
    return None


def _in_use(plans: Sequence[Plan]) -> Iterator[Path]:
    """Yield every file that is read or written."""
    for made in plans:
        yield from (file.path for source in made.sources for file in source.files)
        if made.folder is not None:
            yield from (made.folder / name for name in (*made.files, *made.texts))
        if made.output is not None:
            yield made.output
