"""``meta export``: all metadata as JSON, or the workflow or the prompts alone."""

from argparse import ArgumentParser, Namespace

from ckpt_studio.cli import options
from ckpt_studio.cli.command import Answer
from ckpt_studio.cli.printing import printable, strict_json
from ckpt_studio.core.editing.metadata_export import prompts_text, workflow_text
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.engine import open_checkpoint
from ckpt_studio.formats.new_file import write_small_file


def add_arguments(parser: ArgumentParser) -> None:
    """Add what is taken out and where it goes."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--workflow", action="store_true", help="the workflow alone, as ComfyUI opens it"
    )
    what.add_argument(
        "--prompts", action="store_true", help="prompts and settings alone, as A1111 writes them"
    )
    parser.add_argument("-o", "--output", type=options.new_file, metavar="OUT")
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")


def run(arguments: Namespace) -> Answer:
    """Print or save what the options ask for.

    Raises:
        CkptStudioError: the file cannot be read, it has no workflow or no prompts, or the output
            cannot be written.
    """
    metadata = dict(open_checkpoint(arguments.file).checkpoint.metadata)
    if arguments.workflow:
        return _text("workflow", workflow_text(metadata), arguments)
    if arguments.prompts:
        return _text("prompts", prompts_text(metadata), arguments)
    if arguments.output is None:
        return Answer(metadata, lambda: strict_json(metadata))
    return written(metadata, arguments)


def written(metadata: Metadata, arguments: Namespace) -> Answer:
    """Write metadata as a text of their own, unless it is a dry run."""
    values = dict(metadata)
    if getattr(arguments, "dry_run", False):
        return Answer(values, lambda: strict_json(values))
    return _saved(f"{strict_json(values)}\n", {"keys": len(values)}, arguments)


def _text(what: str, text: str, arguments: Namespace) -> Answer:
    if not text:
        name, hint = printable(arguments.file.name), "‘meta show’ lists what it has."
        raise PlanError(f"The metadata of {name} hold no {what}.", hint)
    text = text.encode("utf-8", "replace").decode()  # half a character is no text of a file
    if arguments.output is not None:
        return _saved(text, {}, arguments)
    lines = (printable(line) for line in text.rstrip("\n").split("\n"))
    return Answer({"file": str(arguments.file), what: text}, lambda: "\n".join(lines))


def _saved(text: str, more: dict[str, int], arguments: Namespace) -> Answer:
    write_small_file(arguments.output, text, overwrite=arguments.overwrite, used=[arguments.file])
    name = str(arguments.output)
    document = {"file": str(arguments.file), "output": name, **more}
    return Answer(document, lambda: f"Wrote {printable(name)}", saved=(name,))
