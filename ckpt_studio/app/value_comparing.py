"""Values of two files compared as a job; what it finds goes into the table while it runs."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.app.comparisons import names
from ckpt_studio.app.job_log import JobLog, Record
from ckpt_studio.app.verbs import CompareRows
from ckpt_studio.core.comparison.compared_table import ComparedTable
from ckpt_studio.core.comparison.differences import TensorDifference
from ckpt_studio.core.progress import CancelToken, ProgressCallback

_AT_ONCE = 600  # rows taken in within some milliseconds
_PAUSE_MS, _SHORT_PAUSE_MS = 100, 20


@dataclass(eq=False, slots=True)
class _Run:
    """The work of a job, also of one that is tried again, and what it found so far."""

    table: ComparedTable
    rows: Sequence[int]
    compare_rows: CompareRows
    found: deque[tuple[int, TensorDifference]] = field(default_factory=deque)

    def __call__(self, progress: ProgressCallback, cancel: CancelToken) -> None:
        """Compare the rows that nobody compared meanwhile."""
        rows = [row for row in self.rows if self.table.results[row] is None]
        self.compare_rows(self.table.comparison, rows, self._keep, progress, cancel)

    def _keep(self, row: int, one: TensorDifference) -> None:
        self.found.append((row, one))

    def some(self) -> list[tuple[int, TensorDifference]]:
        """Take out what was found, as much as can be shown at once."""
        return [self.found.popleft() for _ in range(min(_AT_ONCE, len(self.found)))]


class ValueComparing(QObject):
    """Starts and stops jobs that compare values; one that was stopped goes on where it was."""

    filled = Signal(object)  # ComparedTable with more values
    changed = Signal(object)  # ComparedTable whose job waits, runs or ended
    ended = Signal(object)  # ComparedTable whose job ended; all it found is in the table

    def __init__(self, log: JobLog, compare_rows: CompareRows, parent: QObject) -> None:
        super().__init__(parent)
        self._log, self._compare_rows = log, compare_rows
        self._running: dict[Record, _Run] = {}
        self._pause = QTimer(self, singleShot=True)
        self._pause.timeout.connect(self._take_all)
        log.added.connect(self._note)
        log.changed.connect(self._note)

    @property
    def busy(self) -> bool:
        """Whether values are compared, or what was found is still taken in bit by bit."""
        return bool(self._running)

    def record_of(self, table: ComparedTable) -> Record | None:
        """Return the job that compares the values of a table now."""
        runs = self._running.items()
        return next((record for record, run in runs if run.table is table), None)

    def start(self, table: ComparedTable, part: str | None = None) -> None:
        """Compare what is left of a table, or of one of its parts."""
        rows = table.left(part)
        if rows and self.record_of(table) is None:
            a, b = names(table)
            title = self.tr("Comparing {a} with {b}").format(a=a, b=b)
            self._log.start(title, _Run(table, rows, self._compare_rows))

    def stop(self, table: ComparedTable) -> None:
        """Ask the job of a table to stop."""
        record = self.record_of(table)
        if record is not None:
            self._log.cancel(record)

    def _note(self, record: Record) -> None:
        run = record.work
        if not isinstance(run, _Run):
            return
        if record.ended:
            if record in self._running:
                self._finish(record, run)
        elif record not in self._running:
            self._running[record] = run
            self.changed.emit(run.table)
        elif not self._pause.isActive():
            self._pause.start(_PAUSE_MS)

    def _take_all(self) -> None:
        """Take in what came since the last time; progress comes more often than eyes need it."""
        for run in self._running.values():
            self._take(run)
            self.changed.emit(run.table)
        if any(run.found for run in self._running.values()):
            self._pause.start(_SHORT_PAUSE_MS)

    def _take(self, run: _Run) -> None:
        news = run.some()
        if news:
            run.table.take(news)
            self.filled.emit(run.table)

    def _finish(self, record: Record, run: _Run) -> None:
        """Take in the rest bit by bit, so that the window can do other things between."""
        self._take(run)
        if run.found:
            QTimer.singleShot(0, self, lambda: self._finish(record, run))
        elif self._running.pop(record, None) is not None:
            self._pause.stop()
            self.changed.emit(run.table)
            self.ended.emit(run.table)
