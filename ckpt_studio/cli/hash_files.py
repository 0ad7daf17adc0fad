"""``hash``: the numbers by which models are known, in one pass over each file."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from ckpt_studio.cli import options
from ckpt_studio.cli.command import Answer, Command
from ckpt_studio.cli.job import job
from ckpt_studio.cli.printing import printable
from ckpt_studio.engine import hash_file
from ckpt_studio.engine.summary import Json


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    options.add_progress(parser)


def _run(arguments: Namespace) -> Answer:
    documents: list[Json] = []
    with job(arguments) as (progress, cancel):
        for path in arguments.files:
            hashes = hash_file(path, progress=progress, cancel=cancel)
            documents.append({"file": str(path), **asdict(hashes)})
    document = documents[0] if len(documents) == 1 else {"files": documents}
    return Answer(document, lambda: "\n".join(map(_page, documents)))


def _page(document: Json) -> str:
    lines = (f"  {name:7} {value}" for name, value in document.items() if value and name != "file")
    return "\n".join((printable(document["file"]), *lines))


COMMAND = Command(
    example="  ckpt-studio hash model.safetensors --json",
    add_arguments=_arguments,
    run=_run,
)
