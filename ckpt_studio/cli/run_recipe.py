"""``run``: replay a recipe, from its own file or from the metadata of a checkpoint."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from ckpt_studio.cli import options
from ckpt_studio.cli.carry_out import carry_out
from ckpt_studio.cli.command import Answer, Command, UsageError
from ckpt_studio.cli.job import job
from ckpt_studio.cli.output_options import output_path
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.lora.recipes import AnyRecipe, LoraRecipe
from ckpt_studio.core.recipe import EditMetadata, Layout, Merge
from ckpt_studio.engine import open_checkpoint, with_ranks
from ckpt_studio.engine.replaying import with_sources
from ckpt_studio.formats.opening import is_model_index
from ckpt_studio.formats.recipe_json import METADATA_KEY, read_recipe_file, recipe_from_json


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=options.path,
        metavar="RECIPE",
        help="recipe file, or a checkpoint that carries one",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="write there, not where the recipe says",
    )
    parser.add_argument(
        "--models",
        type=options.path,
        action="append",
        default=[],
        metavar="PLACE",
        help="a file or a folder where the sources of a merge or of a LoRA may be; they are known "
        "by their hashes, whatever they are called (repeatable)",
    )
    options.add_plan(parser)
    options.add_writing(parser)


def _run(arguments: Namespace) -> Answer:
    recipe = _recipe(arguments.file)
    if isinstance(recipe, Merge | LoraRecipe):
        with job(arguments) as (progress, cancel):
            recipe = with_sources(recipe, arguments.models, progress=progress, cancel=cancel)
            if isinstance(recipe, LoraRecipe):
                recipe = with_ranks(
                    recipe, threads=arguments.threads, progress=progress, cancel=cancel
                )
    output = replace(recipe.output, overwrite=recipe.output.overwrite or arguments.overwrite)
    if arguments.output is not None:
        chosen = output_path(arguments.output, folder=output.layout is not Layout.FILE)
        output = replace(output, path=chosen, overwrite=arguments.overwrite)
    nowhere = output.path is None and output.folder is None
    if nowhere and not arguments.dry_run and not isinstance(recipe, EditMetadata):
        raise UsageError("the recipe does not say where to: add -o OUT")
    return carry_out([replace(recipe, output=output)], arguments, options.write_options(arguments))


def _recipe(path: Path) -> AnyRecipe:
    if path.suffix.lower() == ".json" and not is_model_index(path):
        return read_recipe_file(path)
    text = open_checkpoint(path).checkpoint.metadata.get(METADATA_KEY)
    if text is None:
        raise FormatError(
            f"{path.name} carries no recipe.",
            f"‘save --recipe-in-metadata’ stores one under the key {METADATA_KEY}.",
        )
    return recipe_from_json(text, folder=path.parent, where=f"The recipe in {path.name}")


COMMAND = Command(
    example="  ckpt-studio run sdxl.recipe.json\n"
    "  ckpt-studio run model.safetensors -o again.safetensors",
    add_arguments=_arguments,
    run=_run,
)
