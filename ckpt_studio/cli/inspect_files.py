"""``inspect``: what is in a file, from its header alone unless values are asked for."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from types import ModuleType

from ckpt_studio.cli import options, value_options
from ckpt_studio.cli.command import Answer, Command
from ckpt_studio.cli.each_file import failed_page, of_each
from ckpt_studio.cli.inspection_text import inspection_text
from ckpt_studio.engine import open_checkpoint
from ckpt_studio.engine.summary import Json, inspection


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=options.path, metavar="FILE")
    parser.add_argument("--tensors", action="store_true", help="list every tensor")
    value_options.add_options(parser)


def _run(arguments: Namespace) -> Answer:
    value_options.check_usage(arguments)

    def look(path: Path) -> Json:
        opened = open_checkpoint(path)
        document = inspection(opened, tensors=arguments.tensors)
        if value_options.reads_values(arguments):
            document |= _values().values_of(opened, arguments)
        return document

    def page(document: Json) -> str:
        if "error" in document:
            return failed_page(document)
        more = _values().value_lines(document) if value_options.reads_values(arguments) else ()
        return "\n".join((inspection_text(document), *more))

    return of_each(arguments.files, look, lambda documents: "\n\n".join(map(page, documents)))


def _values() -> ModuleType:
    """Return what reads values; a look at a header does not pay for loading it."""
    from ckpt_studio.cli import inspect_values  # noqa: PLC0415 - only when it is asked for

    return inspect_values


COMMAND = Command(
    example="  ckpt-studio inspect sdxl.safetensors\n"
    "  ckpt-studio inspect *.safetensors --json | jq '.files[].architecture'\n"
    "  ckpt-studio inspect sdxl.safetensors --stats 'attn1.*weight'\n"
    "  ckpt-studio inspect old.ckpt --health\n"
    "  ckpt-studio inspect vae.safetensors --npy decoder.conv_in.weight -o conv_in.npy",
    add_arguments=_arguments,
    run=_run,
)
