"""The command line: one parser, one answer, one exit code."""

import os
import sys
import traceback
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import NoReturn

from typing_extensions import override

from ckpt_studio import __version__
from ckpt_studio.cli.command import Answer, Command, Json, UsageError
from ckpt_studio.cli.commands import COMMANDS, load
from ckpt_studio.cli.printing import printable, strict_json
from ckpt_studio.core.errors import Cancelled, CkptStudioError
from ckpt_studio.engine.summary import failure

DONE, FAILED, USAGE, CANCELLED = 0, 1, 2, 130
_CANCELLED_TEXT = "Cancelled; no unfinished file was left behind"


Hook = Callable[[type[BaseException], BaseException, TracebackType | None], None]


class _Parser(ArgumentParser):
    """A parser that says what is wrong by raising it."""

    @override
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\nTry ‘{self.prog} --help’.")


def run(argv: Sequence[str]) -> int:
    """Carry out one command and return the exit code: 0 done, 1 failed, 2 usage, 130 cancelled."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    as_json, debug = "--json" in argv, "--debug" in argv
    sys.excepthook = _excepthook(as_json=as_json, debug=debug)
    try:
        arguments = _parser(argv).parse_args(argv)
        answer = arguments.command.run(arguments)
    except UsageError as error:
        _write_failure(_sentence("usage", str(error)), as_json=as_json)
        return USAGE
    except (Cancelled, KeyboardInterrupt):
        _write_failure(_sentence("cancelled", _CANCELLED_TEXT), as_json=as_json)
        return CANCELLED
    except (CkptStudioError, OSError, MemoryError) as error:
        if debug:
            traceback.print_exc()
        _write_failure(_described(error), as_json=as_json)
        return FAILED
    return _write_answer(answer, arguments)


def _parser(argv: Sequence[str]) -> ArgumentParser:
    """Return the parser; only a command that is named in the arguments gets its own options."""
    parser = _Parser(
        prog="ckpt-studio",
        description="Assemble, inspect, convert and edit diffusion model checkpoints.\n"
        "Without a command, the window opens with the files named.",
        epilog="example:\n  ckpt-studio inspect model.safetensors",
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"Checkpoint Studio {__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, entry in COMMANDS.items():
        verb = verbs.add_parser(
            name,
            help=entry.summary,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if name in argv:
            _complete(verb, load(name), entry.summary)
    return parser


def _complete(parser: ArgumentParser, command: Command, summary: str) -> None:
    parser.description = f"{summary[0].upper()}{summary[1:]}."
    parser.epilog = f"example:\n{command.example}"
    parser.set_defaults(command=command)
    command.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object for machines")
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")


def _write_answer(answer: Answer, arguments: Namespace) -> int:
    if arguments.json:
        document = dict(answer.document)
        if answer.error is not None:
            document["error"] = failure(answer.error)
        _write_out(strict_json(document))
    else:
        _write_out(answer.text())
    if answer.error is None:
        return DONE
    _write_error(failure(answer.error))
    return FAILED


def _write_failure(error: Json, *, as_json: bool) -> None:
    if as_json:
        _write_out(strict_json({"error": error}))
    _write_error(error)


def _write_out(text: str) -> None:
    """Write to standard output; a reader that has gone away is no error."""
    if not text:
        return
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_error(error: Json) -> None:
    lines = [line for line in f"{error['message']}\n{error['hint']}".split("\n") if line]
    text = "\n".join(printable(line) for line in lines)
    try:
        sys.stderr.write(f"ckpt-studio: {text}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _described(error: CkptStudioError | OSError | MemoryError) -> Json:
    match error:
        case CkptStudioError():
            return failure(error)
        case MemoryError():
            return _sentence("memory", "There is not enough memory for this", "Close programs.")
        case OSError():
            name = f"{error.filename}: " if error.filename else ""
            return _sentence("system", f"{name}{error.strerror or error}")


def _sentence(kind: str, message: str, hint: str = "") -> Json:
    return {"kind": kind, "message": message, "hint": hint}


def _excepthook(*, as_json: bool, debug: bool) -> Hook:
    def show(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if debug:
            traceback.print_exception(kind, error, where)
        message = f"Something went wrong that should not: {kind.__name__}: {error}"
        hint = "Please report it, with what --debug prints."
        _write_failure(_sentence("unexpected", message, hint), as_json=as_json)

    return show
