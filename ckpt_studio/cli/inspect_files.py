"""``inspect``: what is in a file, from its header alone."""

from argparse import ArgumentParser, Namespace

from ckpt_studio.cli import options
from ckpt_studio.cli.command import Answer, Command
from ckpt_studio.cli.each_file import failed_page, of_each
from ckpt_studio.cli.inspection_text import inspection_text
from ckpt_studio.engine import open_checkpoint
from ckpt_studio.engine.summary import Json, inspection


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=options.path, metavar="FILE")
    parser.add_argument("--tensors", action="store_true", help="list every tensor")


def _run(arguments: Namespace) -> Answer:
    return of_each(
        arguments.files,
        lambda path: inspection(open_checkpoint(path), tensors=arguments.tensors),
        lambda documents: "\n\n".join(map(_page, documents)),
    )


def _page(document: Json) -> str:
    return failed_page(document) if "error" in document else inspection_text(document)


COMMAND = Command(
    example="  ckpt-studio inspect sdxl.safetensors\n"
    "  ckpt-studio inspect *.safetensors --json | jq '.files[].architecture'",
    add_arguments=_arguments,
    run=_run,
)
