"""What is written, a file or the folder of a model, and how its name is read."""

from argparse import ArgumentTypeError, _ActionsContainer
from pathlib import Path

from ckpt_studio.cli import options
from ckpt_studio.cli.command import UsageError
from ckpt_studio.core.recipe import Layout


def add_layout(parser: _ActionsContainer) -> None:
    """Add ``--layout``."""
    parser.add_argument(
        "--layout",
        choices=[Layout.FILE.value, Layout.DIFFUSERS.value],
        default=Layout.FILE.value,
        help="diffusers: OUT is a folder, with a file for each part and its configuration, as "
        "from_pretrained of diffusers reads it (default: file)",
    )


def output_path(text: str, *, folder: bool) -> Path:
    """Read the name of what is written; whether it is a folder depends on other options.

    Raises:
        UsageError: it names the other kind, or nothing.
    """
    try:
        return options.path(text) if folder else options.new_file(text)
    except ArgumentTypeError as wrong:
        raise UsageError(f"argument -o/--output: {wrong}") from wrong
