"""The command line: one parser, one answer, one exit code."""

import os
import re
import sys
import traceback
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, NoReturn, TextIO

from typing_extensions import override

from ckpt_studio import __version__
from ckpt_studio.cli.command import Answer, Command, Json, UsageError
from ckpt_studio.cli.commands import COMMANDS, load
from ckpt_studio.cli.hints import hint
from ckpt_studio.cli.printing import printable, strict_json
from ckpt_studio.core.errors import Cancelled, CkptStudioError
from ckpt_studio.engine.summary import failure

DONE, FAILED, USAGE, CANCELLED = 0, 1, 2, 130
_CANCELLED_TEXT = "Cancelled; no unfinished file was left behind"


Hook = Callable[[type[BaseException], BaseException, TracebackType | None], None]


class _Once(Action):
    """An option with one value: giving it again is a slip, not a wish for the last one."""

    _given = False

    @override
    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if self._given and option_string:
            parser.error(f"{option_string} is given twice")
        self._given = True
        setattr(namespace, self.dest, values)


class _Parser(ArgumentParser):
    """A parser that says what is wrong by raising it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.register("action", None, _Once)
        # Lists of numbers may begin with a minus, too: --adjust -1,0,0.5
        self._negative_number_matcher = re.compile(r"-[\d.,+\-]+(?:[eE][\d.,+\-eE]*)?$")

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
        arguments = _parsed(argv)
        answer = arguments.command.run(arguments)
    except UsageError as error:
        _write_failure(_sentence("usage", *str(error).split("\n", 1)), as_json=as_json)
        return USAGE
    except (Cancelled, KeyboardInterrupt) as stopped:
        complete = "\n".join(getattr(stopped, "__notes__", ()))  # what was saved before
        _write_failure(_sentence("cancelled", _CANCELLED_TEXT, complete), as_json=as_json)
        return CANCELLED
    except (CkptStudioError, OSError, MemoryError) as error:
        if debug:
            traceback.print_exc()
        _write_failure(_described(error), as_json=as_json)
        return FAILED
    return _write_answer(answer, arguments)


def _parsed(argv: Sequence[str]) -> Namespace:
    arguments, unknown = _parser(argv).parse_known_args(argv)
    if unknown and not any(word.startswith("-") for word in unknown):
        arguments.parser.error(f"name this before the options, or leave it out: {unknown[0]}")
    if unknown:
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    return arguments


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
    parser.set_defaults(command=command, parser=parser)
    command.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object for machines")
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")


def _write_answer(answer: Answer, arguments: Namespace) -> int:
    if arguments.json:
        document = dict(answer.document)
        if answer.error is not None:
            document["error"] = failure(answer.error)
        unprinted = _write_out(strict_json(document))
    else:
        unprinted = _write_out(answer.text())
    if answer.error is not None:
        _write_error(failure(answer.error))
    elif unprinted is not None:
        saved = f"; {' and '.join(answer.saved)} was saved" if answer.saved else ""
        reason = unprinted.strerror or str(unprinted)
        _write_error(_sentence("system", f"The result could not be printed{saved}: {reason}"))
    return DONE if answer.error is None and unprinted is None else FAILED


def _write_failure(error: Json, *, as_json: bool) -> None:
    if as_json:
        _write_out(strict_json({"error": error}))
    _write_error(error)


def _write_out(text: str) -> OSError | None:
    """Write to standard output; return what kept it from that.

    A reader that has gone away is no error.
    """
    try:
        _write(sys.stdout, f"{text}\n" if text else "")
    except BrokenPipeError:
        return None
    except OSError as error:
        return error
    return None


def _write_error(error: Json) -> None:
    lines = [line for line in f"{error['message']}\n{error['hint']}".split("\n") if line]
    text = "\n".join(printable(line) for line in lines)
    with suppress(OSError):  # there is nowhere left to say it
        _write(sys.stderr, f"ckpt-studio: {text}\n")


def _write(stream: TextIO, text: str) -> None:
    """Write all of it now; after a failure the stream takes everything and shows nothing."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise


def _described(error: CkptStudioError | OSError | MemoryError) -> Json:
    match error:
        case CkptStudioError():
            found = failure(error)
            return found | {"hint": hint(found["kind"], found["hint"])}
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
