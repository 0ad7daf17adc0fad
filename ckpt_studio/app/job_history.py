"""The jobs of earlier starts, one JSON object a line beside the settings."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from ckpt_studio.app.job_log import JobLog, Record, State
from ckpt_studio.app.job_text import error_words
from ckpt_studio.core.command_line import command_line
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.plan import Report, WrittenFile

_KEPT = 20
_FIELDS = ("bytes", "seconds", "sha256", "autov2", "autov3", "verified")


class JobHistory(QObject):
    """Writes down every job that ends; brings those of earlier starts back when asked."""

    def __init__(self, log: JobLog, file: Path) -> None:
        super().__init__(log)
        self._log, self._file = log, file
        self._earlier: tuple[Record, ...] | None = None
        log.ended.connect(self._note)
        log.cleared.connect(self._forget)

    def show_earlier(self) -> None:
        """Bring the jobs of earlier starts back, once; their cards take a moment to build."""
        self._read_once()
        earlier, self._earlier = self._earlier or (), ()
        self._log.bring_back(earlier)

    def _read_once(self) -> None:
        if self._earlier is None:
            self._earlier = remembered(self._file)

    def _note(self, record: Record) -> None:
        self._read_once()  # before the jobs of this start are among them
        remember(self._file, record)

    def _forget(self) -> None:
        self._earlier = ()
        forget(self._file)


def remember(file: Path, record: Record) -> None:
    """Add a job that ended; a folder that cannot be written to is no reason to stop."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(_facts(record)) + "\n")
    except OSError:
        return


def remembered(file: Path) -> tuple[Record, ...]:
    """Return the last jobs, oldest first; lines that cannot be read are left out."""
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(_records(lines[-_KEPT:]))


def forget(file: Path) -> None:
    """Forget all jobs of earlier starts."""
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return


def _facts(record: Record) -> dict[str, Any]:
    facts: dict[str, Any] = {"title": record.title, "state": record.state.value}
    if record.recipe is not None:
        facts["command"] = command_line(record.recipe)
    if isinstance(record.result, Report):
        facts["path"] = str(record.result.path)
        facts.update((name, getattr(record.result, name)) for name in _FIELDS)
        files = record.result.files
        facts["files"] = [[str(file.path), file.bytes, file.sha256] for file in files]
    if record.error is not None:
        facts["message"], facts["hint"] = error_words(record.error)
    return facts


def _records(lines: Iterable[str]) -> Iterable[Record]:
    for line in lines:
        try:
            yield _record(json.loads(line))
        except (ValueError, KeyError, TypeError):
            continue


def _record(facts: dict[str, Any]) -> Record:
    result, error = None, None
    if "path" in facts:
        files = facts.get("files", ())
        result = Report(
            Path(facts["path"]),
            **{name: facts[name] for name in _FIELDS},
            files=tuple(WrittenFile(Path(path), size, sha256) for path, size, sha256 in files),
        )
    if "message" in facts:
        error = CkptStudioError(str(facts["message"]), str(facts["hint"]))
    return Record(
        str(facts["title"]),
        state=State(facts["state"]),
        result=result,
        error=error,
        command=str(facts.get("command", "")),
    )
