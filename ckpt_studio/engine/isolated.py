"""Carry out a plan in a process of its own, so that a window stays quick and outlives a crash.

Starting torch holds the interpreter for up to a tenth of a second; in another process nobody
notices. The calling thread passes progress on and asks the process to stop when it is cancelled.
"""

import os
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread

from ckpt_studio.core.errors import Cancelled, CkptStudioError, WriteError
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from ckpt_studio.engine.writing import WriteOptions, write

_TICK_S = 0.05
_NICE = 5  # the window comes first where both want the processor
_STOP = "stop"
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
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_serve, args=(theirs, plan, options or WriteOptions()), name="save"
    )
    process.start()
    theirs.close()
    try:
        return _follow(ours, progress, cancel or CancelToken())
    finally:
        ours.close()
        process.join()


def _follow(connection: Connection, progress: ProgressCallback, cancel: CancelToken) -> Report:
    asked = False
    while True:
        if cancel.cancelled and not asked:
            asked = True
            connection.send(_STOP)
        if not connection.poll(_TICK_S):
            continue
        answer = _received(connection)
        if isinstance(answer, Report):
            return answer
        if isinstance(answer, Exception):
            raise answer
        progress(answer)


def _received(connection: Connection) -> Answer:
    try:
        answer: Answer = connection.recv()
    except (EOFError, ConnectionError) as problem:
        raise WriteError(
            "The process that wrote the file ended without an answer",
            "Nothing was saved. The computer may be short of memory; close other programs.",
        ) from problem
    return answer


def _serve(connection: Connection, plan: Plan, options: WriteOptions) -> None:
    """Write the file and answer; the other side going away is a cancel, too."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    cancel = CancelToken()
    Thread(target=_listen, args=(connection, cancel), daemon=True).start()
    try:
        answer: Answer = write(plan, options, progress=connection.send, cancel=cancel)
    except (CkptStudioError, Cancelled) as reason:
        answer = reason
    connection.send(answer)


def _listen(connection: Connection, cancel: CancelToken) -> None:
    """Wait for a word from the other side; it has only one, and its end means the same."""
    with suppress(EOFError, OSError):
        connection.recv()
    cancel.cancel()
