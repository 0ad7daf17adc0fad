"""Start the window, or the command line when the first argument is a command or an option."""

# ruff: noqa: E402 - whoever stops the program while it still loads gets no traceback
import os
import signal
import sys


def _leave(*_: object) -> None:
    """End with a sentence, past all that is half done; Python's streams may be among it."""
    try:
        os.write(2, b"ckpt-studio: Cancelled\n")
    finally:
        os._exit(130)


if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, _leave)

from pathlib import Path

from ckpt_studio.core.errors import CkptStudioError

_WITHOUT_WINDOW = "The command line works without it: ckpt-studio --help."


class NoWindowError(CkptStudioError):
    """The window cannot be shown here."""

    kind = "no-window"


def main() -> int:
    """Run the program with the arguments of the process and return its exit code."""
    _require_streams()
    arguments = sys.argv[1:]
    if arguments and not _is_file(arguments[0]):
        return _command_line(arguments)
    try:
        return _window(arguments)
    except NoWindowError as error:
        sys.stderr.write(f"ckpt-studio: {error.message}\n{error.hint}\n")
        return 1


def _require_streams() -> None:
    """Open what the caller closed, or the next file opened would get what is printed."""
    if sys.stdin is None or sys.stdout is None or sys.stderr is None:
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # noqa: PLR2004 - standard error
            pass
        os.close(number)
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - open until the end
    sys.stderr = sys.stderr or Path(os.devnull).open("w")  # noqa: SIM115 - open until the end


def _is_file(argument: str) -> bool:
    """Whether an argument is written like the name of a file; no command has a dot in it."""
    return not argument.startswith("-") and bool(Path(argument).suffix or os.sep in argument)


def _command_line(arguments: list[str]) -> int:
    from ckpt_studio.cli.main import CANCELLED, run  # noqa: PLC0415 - the window does not need it

    code = CANCELLED
    try:
        _can_be_interrupted()
        code = run(arguments)
    except KeyboardInterrupt:
        _leave()
    finally:
        _let_it_end()
    if code == CANCELLED or "torch" in sys.modules:
        # Taking torch down in good order takes 0.6 s, and waiting for one that is still being
        # loaded takes longer; all files are closed by now, so nothing is lost by leaving.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _window(arguments: list[str]) -> int:
    if _has_no_display():
        raise NoWindowError("There is no display to show the window on", _WITHOUT_WINDOW)
    try:
        from ckpt_studio.app import application  # noqa: PLC0415 - works without Qt until here
    except ImportError as error:
        raise NoWindowError(
            f"The window needs PySide6, which cannot be loaded: {error}",
            f"Try ‘pip install PySide6-Essentials qtawesome’. {_WITHOUT_WINDOW}",
        ) from error
    _can_be_interrupted()
    return application.run(arguments)


def _can_be_interrupted() -> None:
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _let_it_end() -> None:
    """Ignore Ctrl-C from here on: all is done, and Python would end by the signal while it ends."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _has_no_display() -> bool:
    """Whether Qt would end the process because there is nothing to draw on."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform in {"linux", "freebsd"} and not any(map(os.environ.get, names))


if __name__ == "__main__":
    sys.exit(main())
