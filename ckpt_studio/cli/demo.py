"""``demo``: example sources of real shape, and a checkpoint saved from them."""

import os
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from ckpt_studio.cli import options
from ckpt_studio.cli.carry_out import carry_out
from ckpt_studio.cli.command import Answer, Command, Json
from ckpt_studio.cli.job import job
from ckpt_studio.cli.plan_text import plan_text
from ckpt_studio.cli.printing import printable
from ckpt_studio.core.recipe import Assemble, MetadataChoice, Output
from ckpt_studio.engine.demo import ExampleSources, write_example_sources

_PROMPT = '{"1": {"inputs": {"ckpt_name": "sd15_demo"}, "class_type": "CheckpointSave"}}'


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "folder",
        nargs="?",
        type=options.path,
        default=default_folder(),
        metavar="DIR",
        help="where the files go (default: %(default)s); about 4 GiB are needed",
    )
    parser.add_argument(
        "--sources-only", action="store_true", help="write the sources, save no checkpoint"
    )
    options.add_writing(parser)
    parser.set_defaults(dry_run=False, overwrite=True)


def default_folder() -> Path:
    """Return the folder for the example in the cache of the user, as the system wants it."""
    if sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "ckpt-studio" / "demo"


def _run(arguments: Namespace) -> Answer:
    with job(arguments) as (progress, cancel):
        sources = write_example_sources(
            arguments.folder, progress, cancel, room_for_result=not arguments.sources_only
        )
    if arguments.sources_only:
        paths = [str(path) for path in sources.paths]
        return Answer({"sources": paths}, lambda: "\n".join(map(printable, paths)))
    recipe = _recipe(sources, arguments.folder)
    answer = carry_out([recipe], arguments, options.write_options(arguments))
    return replace(answer, text=lambda: f"{_plan_page(answer.document)}\n\n{answer.text()}")


def _plan_page(document: Json) -> str:
    return plan_text({key: value for key, value in document.items() if key != "report"})


def _recipe(sources: ExampleSources, folder: Path) -> Assemble:
    return Assemble(
        model=sources.model,
        text_encoders=(sources.text_encoder,),
        vae=sources.vae,
        metadata=MetadataChoice(prompt=_PROMPT),
        output=Output(path=folder / "sd15_demo.safetensors", overwrite=True),
    )


COMMAND = Command(
    example="  ckpt-studio demo\n  ckpt-studio demo /tmp/example",
    add_arguments=_arguments,
    run=_run,
)
