"""Every error this program raises on purpose.

* CkptStudioError        a sentence for the user; ``hint`` says what to do, ``kind`` is for scripts
  x FormatError          a file is not what it says, or is damaged
  x PlanError            the request cannot be fulfilled with these inputs
  x WriteError           the result could not be written; the old file is intact
  x SourceChangedError   a source changed while it was being read; nothing was saved
  x OverflowFoundError   values do not fit the chosen precision; nothing was saved
  x VerifyError          the written file does not read back as planned
* Cancelled              the user asked us to stop (not an error)
"""

from typing import ClassVar

from typing_extensions import override


class CkptStudioError(Exception):
    """Base of all errors that are shown to the user as a sentence."""

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @override
    def __reduce__(self) -> tuple[type["CkptStudioError"], tuple[str, str]]:
        """Keep the hint when the error goes from one process to another."""
        return type(self), (self.message, self.hint)


class FormatError(CkptStudioError):
    """A file does not follow its format."""

    kind = "format"


class PlanError(CkptStudioError):
    """A request cannot be fulfilled with its inputs."""

    kind = "plan"


class WriteError(CkptStudioError):
    """Writing failed; whatever stood at the target before still stands there."""

    kind = "write"


class SourceChangedError(CkptStudioError):
    """A source file changed between opening it and finishing with it."""

    kind = "source-changed"


class OverflowFoundError(CkptStudioError):
    """Values of a tensor are too large for the chosen precision."""

    kind = "overflow"


class VerifyError(CkptStudioError):
    """The written file does not read back as it was planned."""

    kind = "verify"


class Cancelled(Exception):  # noqa: N818 - control flow, not an error
    """Raised at a checkpoint after the user asked to stop."""
