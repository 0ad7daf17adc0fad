"""Carry out a plan in a process of its own, so that a window stays quick and outlives a crash.

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
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO

from ckpt_studio.core.errors import Cancelled, CkptStudioError, WriteError
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from ckpt_studio.engine.writing import WriteOptions, write

_TICK_S = 0.05
_NICE = 10  # the window comes first where both want the processor
_OWN_GROUP = 0 if os.name == "posix" else None  # Ctrl-C in a terminal is for the window alone
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from ckpt_studio.engine.isolated import serve; serve()"
)
Answer = Progress | Report | CkptStudioError | Cancelled


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
    if getattr(sys, "frozen", False):  # a bundle has no interpreter of its own to start
        return write(plan, options, progress=progress, cancel=cancel)
    command = [sys.executable, "-c", _START, json.dumps(sys.path)]
    with subprocess.Popen(  # noqa: S603 - our own code in the interpreter that runs us
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=_OWN_GROUP
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise WriteError("The process that writes the file cannot be started", "Try again.")
        answers = _Answers(process.stdout)
        try:
            with suppress(BrokenPipeError):  # it has ended already, which the answers show
                pickle.dump((plan, options or WriteOptions()), process.stdin)
                process.stdin.flush()
            return _follow(answers, process.stdin, progress, cancel or CancelToken())
        finally:
            _hang_up(process.stdin)
            answers.join()


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
                "The process that wrote the file ended without an answer",
                "Nothing was saved. The computer may be short of memory; close other programs.",
            )
        return answer

    def _read(self, stream: IO[bytes]) -> None:
        with suppress(EOFError, pickle.UnpicklingError):  # it was killed, maybe within an answer
            while True:
                self._queue.put(pickle.load(stream))  # noqa: S301 - from our own process
        self._queue.put(None)


def _follow(
    answers: _Answers, stdin: IO[bytes], progress: ProgressCallback, cancel: CancelToken
) -> Report:
    while True:
        if cancel.cancelled:
            _hang_up(stdin)
        answer = answers.next(_TICK_S)
        if isinstance(answer, Report):
            return answer
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            progress(answer)


def _hang_up(stdin: IO[bytes]) -> None:
    with suppress(BrokenPipeError):
        stdin.close()


def serve() -> None:
    """Write the file that the input describes and say on the output how it went."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may be among the answers
    if hasattr(os, "nice"):
        os.nice(_NICE)
    plan, options = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started us
    cancel = CancelToken()
    Thread(target=_listen, args=(cancel,), daemon=True).start()

    def say(answer: Answer) -> None:
        with suppress(BrokenPipeError):  # nobody listens any more; then the input has ended, too
            pickle.dump(answer, answers)
            answers.flush()

    try:
        say(write(plan, options, progress=say, cancel=cancel))
    except (CkptStudioError, Cancelled) as reason:
        say(reason)
    os._exit(0)  # taking torch down in good order takes 0.6 s for nothing


def _listen(cancel: CancelToken) -> None:
    """Wait for the end of the input, past Python's buffer, whose lock would outlive the process."""
    os.read(sys.stdin.fileno(), 1)
    cancel.cancel()
