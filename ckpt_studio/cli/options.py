"""Options that several commands share, and how their values are read."""

import json
import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from ckpt_studio.cli.command import UsageError
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.core.metadata_rules import check_key, check_text
from ckpt_studio.core.plan import OnOverflow
from ckpt_studio.core.recipe import MetadataChoice, Precision
from ckpt_studio.engine import WriteOptions


def add_precision(parser: ArgumentParser) -> None:
    """Add ``--dtype`` and ``--on-overflow``."""
    parser.add_argument(
        "--dtype",
        type=precision,
        default={},
        metavar="DTYPE",
        help=f"{', '.join(Precision)}: for everything, or for parts as in "
        "unet=bf16,te=fp16,vae=keep (te: all text encoders)",
    )
    parser.add_argument(
        "--on-overflow",
        type=OnOverflow,
        choices=tuple(OnOverflow),
        default=OnOverflow.ERROR,
        metavar="WHAT",
        help="values too large for the precision: ask-is-error (default: save nothing), clamp, "
        "or keep (those tensors keep their precision)",
    )


def add_metadata(parser: ArgumentParser) -> None:
    """Add the options for what goes into the header besides the tensors."""
    group = parser.add_argument_group("metadata")
    group.add_argument("--prompt", metavar="JSON|@FILE", help="the prompt, as ComfyUI's API has it")
    group.add_argument(
        "--extra-pnginfo",
        metavar="JSON|@FILE",
        help='an object, each key of it becomes one of the metadata: {"workflow": …}',
    )
    group.add_argument(
        "--set",
        type=_assignment,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set a key of the metadata (repeatable)",
    )
    group.add_argument(
        "--recipe-in-metadata",
        action="store_true",
        help="store the choices made here in the file, for ‘run’",
    )


def add_plan(parser: ArgumentParser) -> None:
    """Add the options of every command that writes a planned file."""
    parser.add_argument("--dry-run", action="store_true", help="show the plan, write nothing")
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")


def add_writing(parser: ArgumentParser) -> None:
    """Add the options of every command that writes tensor data."""
    parser.add_argument("--verify", action="store_true", help="read the result back and compare")
    parser.add_argument(
        "--hashes", action="store_true", help="sha256, AutoV2 and AutoV3 on the way"
    )
    parser.add_argument(
        "--threads", type=_threads, default=0, metavar="N", help="default: one for each core"
    )
    add_progress(parser)


def add_progress(parser: ArgumentParser) -> None:
    """Add ``--progress``."""
    parser.add_argument(
        "--progress",
        action="store_true",
        help="show the progress bar although standard error is no terminal",
    )


def precision(text: str) -> dict[str, Precision]:
    """Read ``fp16`` or ``unet=bf16,te=fp16``."""
    chosen: dict[str, Precision] = {}
    for item in text.split(","):
        part, separator, name = item.rpartition("=")
        if name not in tuple(Precision) or (separator and not part):
            raise ArgumentTypeError(
                f"‘{item}’ is no precision; use {', '.join(Precision)}, alone or as PART=PRECISION"
            )
        key = "*" if part in {"", "all"} else part
        if key in chosen:
            raise ArgumentTypeError(f"‘{text}’ names {'all parts' if key == '*' else key} twice")
        chosen[key] = Precision(name)
    return chosen


def metadata(arguments: Namespace) -> MetadataChoice:
    """Return the metadata that the options ask for.

    Raises:
        UsageError: a JSON text is none, or a value cannot be stored.
    """
    extra = json_option("--extra-pnginfo", arguments.extra_pnginfo, {})
    if not isinstance(extra, dict):
        raise UsageError('--extra-pnginfo has to be a JSON object, such as {"workflow": …}')
    prompt = json_option("--prompt", arguments.prompt, None)
    return MetadataChoice(
        prompt="" if arguments.prompt is None else json.dumps(prompt),
        extra_pnginfo={key: json.dumps(value) for key, value in extra.items()},
        edits=tuple(arguments.set),
        recipe=arguments.recipe_in_metadata,
    )


def metadata_edits(arguments: Namespace) -> MetadataChoice:
    """Return the same as edits, for a file that keeps the metadata it has."""
    choice = metadata(arguments)
    prompt = (SetValue("prompt", choice.prompt),) if choice.prompt else ()
    extra = (SetValue(key, value) for key, value in choice.extra_pnginfo.items())
    return MetadataChoice(edits=(*prompt, *extra, *choice.edits), recipe=choice.recipe)


def json_option(option: str, text: str | None, absent: object) -> object:
    """Parse the value of an option, JSON itself or ``@`` and the file that holds it.

    Raises:
        UsageError: it is no JSON, or the file cannot be read.
    """
    if text is None:
        return absent
    try:
        content = Path(text[1:]).read_text("utf-8-sig") if text.startswith("@") else text
        return json.loads(content)
    except OSError as error:
        raise UsageError(f"{option}: {text[1:]}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{option} is not valid JSON: {error}\n"
            "Give JSON itself, or @ and the name of a file with JSON in it."
        ) from error


def write_options(arguments: Namespace) -> WriteOptions:
    """Return how to write, as the options say."""
    return WriteOptions(verify=arguments.verify, hashes=arguments.hashes, threads=arguments.threads)


def _threads(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise ArgumentTypeError(f"‘{text}’ is no number of threads, 1 or more")
    return min(number, 4 * (os.cpu_count() or 1))


def _assignment(text: str) -> SetValue:
    key, separator, value = text.partition("=")
    if not separator:
        raise ArgumentTypeError(f"‘{text}’ should be KEY=VALUE")
    try:
        check_key(key)
        check_text(value)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
    return SetValue(key, value)
