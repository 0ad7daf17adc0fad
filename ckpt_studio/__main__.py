"""Start the window, or the command line when the first argument is a command or an option."""

import os
import sys
from pathlib import Path

from ckpt_studio.core.errors import CkptStudioError

_WITHOUT_WINDOW = "The command line works without it: ckpt-studio --help."


class NoWindowError(CkptStudioError):
    """The window cannot be shown here."""

    kind = "no-window"


def main() -> int:
    """Run the program with the arguments of the process and return its exit code."""
    arguments = sys.argv[1:]
    if arguments and not _is_file(arguments[0]):
        return _command_line(arguments)
    try:
        return _window(arguments)
    except NoWindowError as error:
        sys.stderr.write(f"ckpt-studio: {error.message}\n{error.hint}\n")
        return 1


def _is_file(argument: str) -> bool:
    """Whether an argument is written like the name of a file; no command has a dot in it."""
    return not argument.startswith("-") and bool(Path(argument).suffix or os.sep in argument)


def _command_line(arguments: list[str]) -> int:
    from ckpt_studio.cli.main import CANCELLED, run  # noqa: PLC0415 - the window does not need it

    code = run(arguments)
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
    return application.run(arguments)


def _has_no_display() -> bool:
    """Whether Qt would end the process because there is nothing to draw on."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform in {"linux", "freebsd"} and not any(map(os.environ.get, names))


if __name__ == "__main__":
    sys.exit(main())
