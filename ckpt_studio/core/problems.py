"""What is odd or wrong with a file or a plan, as a sentence with what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem matters."""

    ERROR = "error"  # the job will not run
    WARNING = "warning"  # it runs, but the user should know
    NOTE = "note"  # worth knowing


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence, what to do about it, and the tensor names behind it.

    ``code`` is a stable word that a window or a script can act on, such as ``missing-part:vae``.
    """

    severity: Severity
    message: str
    hint: str = ""
    code: str = ""
    names: tuple[str, ...] = ()


def error(message: str, hint: str = "", code: str = "", names: tuple[str, ...] = ()) -> Problem:
    """Return a problem that stops the job."""
    return Problem(Severity.ERROR, message, hint, code, names)


def warning(message: str, hint: str = "", code: str = "", names: tuple[str, ...] = ()) -> Problem:
    """Return a problem that the user should know before going on."""
    return Problem(Severity.WARNING, message, hint, code, names)


def note(message: str, hint: str = "", code: str = "", names: tuple[str, ...] = ()) -> Problem:
    """Return a fact that is worth knowing."""
    return Problem(Severity.NOTE, message, hint, code, names)
