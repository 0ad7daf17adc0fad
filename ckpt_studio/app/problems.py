"""Errors in the one style of the window: what happened, what to do, details to copy."""

import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from ckpt_studio.app.job_text import error_words
from ckpt_studio.app.system_facts import system_information
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.qt.banner import Message


def message_of(error: BaseException) -> Message:
    """Return an error as it is shown; details are given for those that nobody expected."""
    if not isinstance(error, Exception):
        return Message(type(error).__name__)
    what, todo = error_words(error)
    details = "" if isinstance(error, CkptStudioError) else details_of(error)
    return Message(what, todo, details)


def details_of(error: BaseException) -> str:
    """Return where an error comes from and the facts of the system; the home folder is ``~``."""
    trace = "".join(traceback.format_exception(error))
    return f"{trace}\n{system_information()}".replace(str(Path.home()), "~")


class CrashCatcher(QObject):
    """Takes errors that nobody caught, on any thread, and hands them to the window."""

    caught = Signal(Message)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hook: Callable[..., object] = sys.excepthook
        self._thread_hook = threading.excepthook

    def install(self) -> None:
        """Stand in for the interpreter's own hooks."""
        sys.excepthook = self._catch
        threading.excepthook = self._catch_in_thread

    def remove(self) -> None:
        """Put the interpreter's own hooks back."""
        sys.excepthook = self._hook
        threading.excepthook = self._thread_hook

    def _catch(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._hook(kind, error, trace)
            return
        sys.stderr.write(details_of(error))
        self.caught.emit(message_of(error))

    def _catch_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self._catch(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
