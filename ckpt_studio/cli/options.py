"""Options that several commands share, and how their values are read."""

import json
import os
from argparse import ArgumentParser, ArgumentTypeError, Namespace, _ActionsContainer
from collections.abc import Sequence
from pathlib import Path

from ckpt_studio.cli.command import UsageError
from ckpt_studio.cli.image_option import with_image
from ckpt_studio.core.assembly.checkpoint_metadata import as_edits
from ckpt_studio.core.byte_sizes import parse_size
from ckpt_studio.core.editing.metadata_rules import check_key, check_text
from ckpt_studio.core.json_values.json_text import check
from ckpt_studio.core.metadata import Edit, RemoveKeys, SetValue
from ckpt_studio.core.plan import OnOverflow
from ckpt_studio.core.recipe import MetadataChoice, Precision
from ckpt_studio.engine import WriteOptions

_SYNONYMS = {"all": "*", "model": "unet", "t5": "t5xxl"}
"""What people call parts, and everything."""

_JSON_HINT = "Give JSON itself, or @ and the name of a file with JSON in it."


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
    add_on_overflow(parser)


def add_on_overflow(parser: ArgumentParser) -> None:
    """Add ``--on-overflow``."""
    parser.add_argument(
        "--on-overflow",
        type=_on_overflow,
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
        "--image",
        type=path,
        metavar="FILE",
        help="take prompt and workflow from a picture, a video or a sound that ComfyUI or another "
        "program saved; the options above go before it",
    )
    group.add_argument(
        "--set",
        type=assignment,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set a key of the metadata; an empty value removes it (repeatable)",
    )
    add_recipe_in_metadata(group)


def add_recipe_in_metadata(parser: _ActionsContainer) -> None:
    """Add ``--recipe-in-metadata``."""
    parser.add_argument(
        "--recipe-in-metadata",
        action="store_true",
        help="store the choices made here in the file, for ‘run’",
    )


def add_save_recipe(parser: ArgumentParser) -> None:
    """Add ``--save-recipe``."""
    parser.add_argument(
        "--save-recipe",
        type=new_file,
        metavar="FILE",
        help="keep the choices in a file, for ‘run’ (not in a dry run)",
    )


def add_shards(parser: ArgumentParser) -> None:
    """Add ``--max-shard-size``."""
    parser.add_argument(
        "--max-shard-size",
        type=_size,
        default=0,
        metavar="SIZE",
        help="split what is larger, such as 5GB or 4.5GiB, into NAME-00001-of-0000N files "
        "with an index, as diffusers and transformers read them",
    )


def add_plan(parser: ArgumentParser) -> None:
    """Add the options of every command that writes a planned file."""
    parser.add_argument("--dry-run", action="store_true", help="show the plan, write nothing")
    parser.add_argument("--overwrite", action="store_true", help="replace what exists")


def add_writing(parser: ArgumentParser) -> None:
    """Add the options of every command that writes tensor data."""
    parser.add_argument("--verify", action="store_true", help="read the result back and compare")
    parser.add_argument(
        "--hashes", action="store_true", help="sha256, AutoV2 and AutoV3 on the way"
    )
    add_threads(parser)
    add_progress(parser)


def add_threads(parser: ArgumentParser) -> None:
    """Add ``--threads``."""
    parser.add_argument(
        "--threads", type=_threads, default=0, metavar="N", help="default: one for each core"
    )


def add_progress(parser: ArgumentParser) -> None:
    """Add ``--progress``."""
    parser.add_argument(
        "--progress",
        action="store_true",
        help="show the progress bar although standard error is no terminal",
    )


def add_family(parser: ArgumentParser) -> None:
    """Add ``--target``, ``--prediction`` and ``--ema``, which say what the diffusion model is."""
    parser.add_argument("--target", metavar="ARCH", help="model family (default: recognised)")
    parser.add_argument(
        "--prediction", metavar="KIND", help="what the model predicts: epsilon, v, v-zsnr, …"
    )
    parser.add_argument(
        "--ema",
        action="store_true",
        help="take the averaged (EMA) weights of a training checkpoint; dropped otherwise",
    )


def add_names(parser: _ActionsContainer) -> None:
    """Add ``--name``."""
    parser.add_argument(
        "--name",
        type=_name,
        action="append",
        default=[],
        metavar="PART=FILE",
        help="another name for the file of a part, below the folder (repeatable)",
    )


def require_written(names: Sequence[tuple[str, str]], written: Sequence[str]) -> None:
    """Refuse the name of a file for a part that is not among those written, and a second name.

    Raises:
        UsageError: there is one.
    """
    parts = [part for part, _ in names]
    for part in parts:
        if parts.count(part) > 1:
            raise UsageError(f"--name {part}=… is given twice")
        if part not in written:
            raise UsageError(
                f"--name {part}=…: that part is not written; it is {' or '.join(written)}"
            )


def path(text: str) -> Path:
    """Read the name of a file or a folder."""
    if not text:
        raise ArgumentTypeError("no name is given")
    return Path(text)


def new_file(text: str) -> Path:
    """Read the name of a file to write."""
    if text.endswith((os.sep, os.altsep or os.sep)):
        raise ArgumentTypeError(f"‘{text}’ is a folder; add the name of a file")
    return path(text)


def part_names(text: str) -> list[str]:
    """Read names of parts with commas between; case and blanks do not matter."""
    words = (word.strip().lower() for word in text.split(","))
    return [_SYNONYMS.get(word, word) for word in words]


def precision(text: str) -> dict[str, Precision]:
    """Read ``fp16`` or ``unet=bf16,te=fp16``."""
    chosen: dict[str, Precision] = {}
    for item in text.split(","):
        part, separator, name = (word.strip() for word in item.lower().rpartition("="))
        if name not in tuple(Precision) or (separator and not part):
            raise ArgumentTypeError(
                f"‘{item.strip()}’ is no precision; use {', '.join(Precision)}, "
                "alone or as PART=PRECISION"
            )
        key = _SYNONYMS.get(part or "all", part)
        if key in chosen:
            raise ArgumentTypeError(f"‘{text}’ names {'all parts' if key == '*' else key} twice")
        chosen[key] = Precision(name)
    return chosen


def metadata(arguments: Namespace) -> MetadataChoice:
    """Return the metadata that the options ask for.

    Raises:
        UsageError: a JSON text is none, or a value cannot be stored.
        FormatError: the file of ``--image`` says nothing about how it was made.
    """
    extra = json_option("--extra-pnginfo", arguments.extra_pnginfo, {})
    if not isinstance(extra, dict):
        raise UsageError('--extra-pnginfo has to be a JSON object, such as {"workflow": …}')
    prompt = json_option("--prompt", arguments.prompt, {})
    if not isinstance(prompt, dict):
        raise UsageError('--prompt has to be a JSON object, such as {"3": {"inputs": …}}')
    choice = MetadataChoice(
        prompt="" if arguments.prompt is None else json.dumps(prompt),
        extra_pnginfo={key: json.dumps(value) for key, value in extra.items()},
        edits=tuple(arguments.set),
        recipe=arguments.recipe_in_metadata,
    )
    return with_image(choice, arguments)


def metadata_edits(arguments: Namespace) -> MetadataChoice:
    """Return the same as edits, for a file that keeps the metadata it has."""
    return as_edits(metadata(arguments))


def json_option(option: str, text: str | None, absent: object) -> object:
    """Parse the value of an option, JSON itself or ``@`` and the file that holds it.

    Raises:
        UsageError: it is no JSON, or the file cannot be read.
    """
    if text is None:
        return absent
    content = _content(option, text[1:]) if text.startswith("@") else text
    mistake = check(content)
    if mistake is not None:
        where = f"line {mistake.line}, column {mistake.column}"
        raise UsageError(f"{option} is not valid JSON: {mistake.reason} ({where})\n{_JSON_HINT}")
    return json.loads(content)


def _content(option: str, name: str) -> str:
    if not name:
        raise UsageError(f"{option}: there is no name after @\n{_JSON_HINT}")
    try:
        return Path(name).read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{option}: {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{option}: {name} is no text in UTF-8\n{_JSON_HINT}") from error


def write_options(arguments: Namespace) -> WriteOptions:
    """Return how to write, as the options say."""
    return WriteOptions(verify=arguments.verify, hashes=arguments.hashes, threads=arguments.threads)


def _name(text: str) -> tuple[str, str]:
    part, separator, name = text.partition("=")
    if not (separator and part.strip()):
        raise ArgumentTypeError(f"‘{text}’ is no PART=FILE")
    return part_names(part)[0], name.strip()


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def _threads(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise ArgumentTypeError(f"‘{text}’ is no number of threads, 1 or more")
    return min(number, 4 * (os.cpu_count() or 1))


def _on_overflow(text: str) -> OnOverflow:
    try:
        return OnOverflow(text.lower())
    except ValueError as error:
        raise ArgumentTypeError(f"‘{text}’ is none of {', '.join(OnOverflow)}") from error


def assignment(text: str) -> Edit:
    """Read ``KEY=VALUE``; an empty value removes the key."""
    key, separator, value = text.partition("=")
    if not separator:
        raise ArgumentTypeError(f"‘{text}’ should be KEY=VALUE")
    try:
        check_key(key)
        check_text(value)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
    return SetValue(key, value) if value else RemoveKeys(frozenset({key}))
