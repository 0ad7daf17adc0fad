"""``hash``: the numbers by which models are known, in one pass over each file."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from ckpt_studio.cli import options
from ckpt_studio.cli.command import Answer, Command
from ckpt_studio.cli.each_file import failed_page, of_each
from ckpt_studio.cli.job import job
from ckpt_studio.cli.printing import printable
from ckpt_studio.engine import hash_file
from ckpt_studio.engine.summary import Json


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=options.path, metavar="FILE")
    options.add_progress(parser)


def _run(arguments: Namespace) -> Answer:
    with job(arguments) as (progress, cancel):
        return of_each(
            arguments.files,
            lambda path: {
                "file": str(path),
                **asdict(hash_file(path, progress=progress, cancel=cancel)),
            },
            lambda documents: "\n".join(map(_page, documents)),
        )


def _page(document: Json) -> str:
    if "error" in document:
        return failed_page(document)
    lines = (f"  {name:7} {value}" for name, value in document.items() if value and name != "file")
    return "\n".join((printable(document["file"]), *lines))


COMMAND = Command(
    example="  ckpt-studio hash model.safetensors --json",
    add_arguments=_arguments,
    run=_run,
)
