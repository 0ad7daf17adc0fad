"""What a job says about itself in words."""

from PySide6.QtCore import QCoreApplication

from ckpt_studio.app.job_log import Record, State
from ckpt_studio.core import text
from ckpt_studio.core.errors import CkptStudioError

PERMILLE = 1_000


def tr(sentence: str) -> str:
    """Translate a text of the jobs."""
    return QCoreApplication.translate("Jobs", sentence)


def permille(record: Record) -> int:
    """Return the share done, 0 to 1000."""
    return min(PERMILLE, max(0, round(record.progress.fraction * PERMILLE)))


def progress_line(record: Record) -> str:
    """Return ``Writing · 4.4 of 6.5 GiB · 1.6 GiB/s · 2 s left``."""
    if record.job is not None and record.job.cancel_asked:
        return tr("Stopping…")
    progress, rate = record.progress, record.rate
    if not progress.total:
        return tr("Starting…")
    parts = [progress.phase] if progress.phase else []
    parts.append(_done_of_total(progress.done, progress.total))
    if rate.speed:
        parts.append(text.speed(rate.speed))
    left = rate.seconds_left(progress.total)
    if left is not None:
        parts.append(tr("{time} left").format(time=text.duration(left)))
    return " · ".join(parts)


def _done_of_total(done: int, total: int) -> str:
    so_far, all_of_it = text.binary_size(done), text.binary_size(total)
    if so_far.rpartition(" ")[2] == all_of_it.rpartition(" ")[2]:
        so_far = so_far.rpartition(" ")[0]
    return tr("{done} of {total}").format(done=so_far, total=all_of_it)


def error_words(error: Exception) -> tuple[str, str]:
    """Return what happened and what to do."""
    if isinstance(error, CkptStudioError):
        return error.message, error.hint
    if isinstance(error, MemoryError):
        return tr("There is not enough memory."), tr("Close other programs and try again.")
    return (
        tr("Something unexpected went wrong: {error}").format(error=type(error).__name__),
        tr("Please report this with the details."),
    )


def error_sentences(error: Exception) -> str:
    """Return what happened and what to do as running text, with full stops between."""
    what, todo = error_words(error)
    stop = "." if todo and not what.endswith((".", "!", "?", ":")) else ""
    return f"{what}{stop} {todo}".strip()


def complete_line(record: Record) -> str:
    """Name the files that are complete although their job is not; "" where there are none."""
    names = ", ".join(report.path.name for report in record.complete)
    return tr("Complete and kept: {names}.").format(names=names) if names else ""


def state_word(record: Record) -> str:
    """Return the state of a job in a word or two, with the files that are complete all the same."""
    kept = complete_line(record)
    return {
        State.WAITING: tr("Waiting"),
        State.RUNNING: tr("Running"),
        State.DONE: tr("Done"),
        State.FAILED: tr("Failed"),
        State.CANCELLED: tr("Cancelled.") + f" {kept or tr('Nothing was written.')}",
    }[record.state]
