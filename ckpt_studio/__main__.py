"""Start the window, or the command line when the first argument is a command or an option."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from ckpt_studio.core.errors import CkptStudioError


class NoWindowError(CkptStudioError):
    """The window cannot be shown here."""

    kind = "no-window"


def main() -> int:
    """Run the program with the arguments of the process and return its exit code."""
    arguments = sys.argv[1:]
    if arguments and not _is_file(arguments[0]):
        return _command_line(arguments)
    try:
        _check_window()
    except NoWindowError as error:
        sys.stderr.write(f"ckpt-studio: {error.message}\n{error.hint}\n")
        return 1
    return _window(arguments)


def _is_file(argument: str) -> bool:
    """Whether an argument is written like the name of a file; no command has a dot in it."""
    return not argument.startswith("-") and bool(Path(argument).suffix or os.sep in argument)


def _command_line(arguments: list[str]) -> int:
    from ckpt_studio.cli.main import run  # noqa: PLC0415 - the window does not need it

    return run(arguments)


def _window(arguments: list[str]) -> int:
    from ckpt_studio.app.application import run  # noqa: PLC0415 - the command line runs without Qt

    return run([sys.argv[0], *arguments])


def _check_window() -> None:
    """Say in a sentence what Qt would say by ending the process.

    Raises:
        NoWindowError: PySide6 is not installed, or there is no display.
    """
    hint = "The command line works without: ckpt-studio --help."
    if find_spec("PySide6") is None or find_spec("qtawesome") is None:
        raise NoWindowError(
            "The window needs PySide6, which is not installed.",
            f"Install it with: pip install ckpt-studio. {hint}",
        )
    has_display = any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )
    if sys.platform.startswith(("linux", "freebsd")) and not has_display:
        raise NoWindowError("There is no display to show the window on.", hint)


if __name__ == "__main__":
    sys.exit(main())
