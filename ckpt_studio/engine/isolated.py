"""Run a verb in a process of its own, so that a window stays quick and outlives a crash.

Starting torch holds the interpreter for up to a tenth of a second; in another process nobody
notices. The calling thread passes progress on and asks the process to stop when it is cancelled.
The process is told what to do through its input and answers through its output; the end of its
input means stop, so that it also stops when the window is killed.
"""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any

from ckpt_studio.core.errors import Cancelled, CkptStudioError, WriteError
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from ckpt_studio.engine.write_options import WriteOptions

_TICK_S = 0.05
_NICE = 5  # the window comes first; 10 left a twentieth beside other programs on two cores
_OWN_GROUP = 0 if os.name == "posix" else None  # Ctrl-C in a terminal is for the window alone
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from ckpt_studio.engine.isolated import serve; serve()"
)
_BROKEN_ANSWER = (  # it was killed, maybe within an answer; what pickle may raise then
    *(EOFError, OSError, pickle.UnpicklingError),
    *(AttributeError, ImportError, LookupError, TypeError, ValueError),
)
_VERBS = {
    "write": "writing",
    "write_together": "writing",
    "take_statistics": "statistics",
    "stream_statistics": "statistics",
    "compare_values": "comparing",
    "compare_rows": "compared_rows",
    "check_health": "health",
    "with_ranks": "ranking",
}
"""The verbs that can be run, with the modules of the engine they live in."""


@dataclass(frozen=True, slots=True)
class _Request:
    verb: str
    arguments: tuple[object, ...]
    options: dict[str, object] = field(default_factory=dict)
    streams: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    value: object


@dataclass(frozen=True, slots=True)
class _Done:
    result: object


Answer = Progress | _Found | _Done | CkptStudioError | Cancelled


def write_isolated(
    plan: Plan,
    options: WriteOptions | None = None,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Report:
    """Do what ``write`` does, with the same errors, in another process.

    Raises:
        WriteError: besides the reasons of ``write``, when the process ended without an answer.
    """
    report: Report = isolated(
        "write", plan, options or WriteOptions(), progress=progress, cancel=cancel
    )
    return report


def isolated(
    verb: str,
    *arguments: object,
    found: Callable[[Any], object] | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
    **options: object,
) -> Any:
    """Run a verb of the engine in another process; return what it returns, raise what it raises.

    ``found`` is told of results while it runs, for verbs that take such a callback. All arguments,
    options and results travel between processes, so they have to be values.

    Raises:
        WriteError: besides the reasons of the verb, when the process ended without an answer.
    """
    cancel = cancel or CancelToken()
    if getattr(sys, "frozen", False):  # a bundle has no interpreter of its own to start
        more = options | ({} if found is None else {"found": found})
        return _function(verb)(*arguments, progress=progress, cancel=cancel, **more)
    request = _Request(verb, arguments, options, streams=found is not None)
    command = [sys.executable, "-c", _START, json.dumps(sys.path)]
    with subprocess.Popen(  # noqa: S603 - our own code in the interpreter that runs us
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=_OWN_GROUP
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise WriteError("The process that does the work cannot be started", "Try again.")
        answers = _Answers(process.stdout)
        try:
            with suppress(BrokenPipeError):  # it has ended already, which the answers show
                pickle.dump(request, process.stdin)
                process.stdin.flush()
            return _follow(answers, process.stdin, progress, found, cancel)
        finally:
            _hang_up(process.stdin)
            answers.join()


def _function(verb: str) -> Callable[..., object]:
    function: Callable[..., object] = getattr(
        import_module(f"ckpt_studio.engine.{_VERBS[verb]}"), verb
    )
    return function


class _Answers:
    """Reads what the process says on a thread, since a pipe cannot be waited for with a limit."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._queue: SimpleQueue[Answer | None] = SimpleQueue()
        self._thread = Thread(target=self._read, args=(stream,), name="answers")
        self._thread.start()

    def join(self) -> None:
        """Wait until the process has nothing more to say."""
        self._thread.join()

    def next(self, seconds: float) -> Answer | None:
        """Return the next answer, None when there is none for some time.

        Raises:
            WriteError: the process has ended.
        """
        try:
            answer = self._queue.get(timeout=seconds)
        except Empty:
            return None
        if answer is None:
            raise WriteError(
                "The process that did the work ended without an answer",
                "Nothing was saved. The computer may be short of memory; close other programs.",
            )
        return answer

    def _read(self, stream: IO[bytes]) -> None:
        try:
            with suppress(*_BROKEN_ANSWER):
                while True:
                    self._queue.put(pickle.load(stream))  # noqa: S301 - from our own process
        finally:
            self._queue.put(None)  # else whoever waits for an answer waits for ever


def _follow(
    answers: _Answers,
    stdin: IO[bytes],
    progress: ProgressCallback,
    found: Callable[[Any], object] | None,
    cancel: CancelToken,
) -> object:
    while True:
        if cancel.cancelled:
            _hang_up(stdin)
        answer = answers.next(_TICK_S)
        if isinstance(answer, _Done):
            return answer.result
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Progress):
            progress(answer)
        elif answer is not None and found is not None:
            found(answer.value)


def _hang_up(stdin: IO[bytes]) -> None:
    with suppress(BrokenPipeError):
        stdin.close()


def serve() -> None:
    """Run the verb that the input asks for and say on the output how it went."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may be among the answers
    if hasattr(os, "nice"):
        os.nice(_NICE)
    request: _Request = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started us
    cancel = CancelToken()
    Thread(target=_listen, args=(cancel,), daemon=True).start()

    def say(answer: Answer) -> None:
        with suppress(BrokenPipeError):  # nobody listens any more; then the input has ended, too
            pickle.dump(answer, answers)
            answers.flush()

    options = dict(request.options)
    if request.streams:
        options["found"] = lambda value: say(_Found(value))
    try:
        run = _function(request.verb)
        say(_Done(run(*request.arguments, progress=say, cancel=cancel, **options)))
    except (CkptStudioError, Cancelled) as reason:
        say(reason)
    os._exit(0)  # taking torch down in good order takes 0.6 s for nothing


def _listen(cancel: CancelToken) -> None:
    """Wait for the end of the input, past Python's buffer, whose lock would outlive the process."""
    os.read(sys.stdin.fileno(), 1)
    cancel.cancel()
