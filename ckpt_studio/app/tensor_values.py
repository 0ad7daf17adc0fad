"""From a selection to its values: known ones at once, few bytes by themselves, more on request."""

from PySide6.QtCore import QObject, Signal, Slot

from ckpt_studio.app.background import Background
from ckpt_studio.app.job_log import JobLog, Record
from ckpt_studio.app.job_text import error_sentences
from ckpt_studio.app.known_values import Collected, KnownValues, Wanted
from ckpt_studio.app.panels.value_pane import ValuePane
from ckpt_studio.app.value_reading import ValueReading
from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core.progress import CancelToken, Progress, throttled
from ckpt_studio.core.text import binary_size, counted

_READ_BELOW = 64 << 20
"""Bytes that are read as soon as they are selected."""
_AT_ONCE = 64
"""So many known tensors are put together in no time."""


class TensorValues(QObject):
    """Fills a pane. What is read by itself is no job that is listed; what is asked for is one."""

    _came = Signal(Wanted, Collected)
    _progressed = Signal(Wanted, Progress)

    def __init__(self, verbs: Verbs, log: JobLog, known: KnownValues, pane: ValuePane) -> None:
        super().__init__(pane)
        self._verbs, self._log, self._known, self._pane = verbs, log, known, pane
        self._wanted: Wanted | None = None
        self._shown: Wanted | None = None
        self._background = Background(self)
        self._background.failed.connect(self._show_failure)
        self._records: dict[Record, Wanted] = {}
        self._came.connect(self._show)
        self._progressed.connect(self._show_progress)
        pane.read_requested.connect(self._read_all)
        pane.progress.cancel_requested.connect(self._cancel)
        log.changed.connect(self._note)

    def stop(self) -> None:
        """Wait for what runs; it is asked to stop."""
        self._background.stop()

    def show(self, wanted: Wanted | None) -> None:
        """Show the values of these tensors; None for those that are in no file."""
        self._wanted = wanted
        self._shown = self._shown if self._shown == wanted else None
        self._background.drop()
        self._pane.progress.stop()
        if wanted is None:
            self._pane.show_sentence(
                self.tr("A new checkpoint has values when it is saved. Choose one of the files.")
            )
            return
        known, tensors = self._known.of(wanted.checkpoint), wanted.checkpoint.tensors
        missing = [name for name in wanted.names if name not in known]
        size = sum(tensors[name].nbytes for name in missing)
        if not missing and wanted.selected and len(wanted.names) <= _AT_ONCE:
            found = Collected.of(len(wanted.names), (known[name] for name in wanted.names))
            self._show(wanted, found)
        elif self._record_of(wanted) is not None:
            self._wait()
        elif wanted.selected and size <= _READ_BELOW:
            self._read_few(wanted)
        else:
            self._offer(wanted, size)

    def _offer(self, wanted: Wanted, size: int) -> None:
        if wanted.selected:
            sentence = self.tr("The values of {tensors} have not been read.")
        else:
            sentence = self.tr("Select tensors to see their values, or take all {tensors}.")
        button = self.tr("Read {size}") if size else self.tr("Show their values")
        self._pane.show_sentence(
            sentence.format(tensors=counted(len(wanted.names), "tensor")),
            button.format(size=binary_size(size)) if wanted.names else "",
        )

    def _wait(self) -> None:
        if not self._pane.collected.wanted:
            self._pane.show_sentence(self.tr("Reading…"))
        self._pane.progress.start()

    def _reading(self, wanted: Wanted) -> ValueReading:
        known = self._known.of(wanted.checkpoint)
        return ValueReading(self._verbs.statistics, wanted, known, self._came.emit)

    def _read_few(self, wanted: Wanted) -> None:
        """Read without a place in the list of jobs; the newest selection wins."""
        reading = self._reading(wanted)

        def work(cancel: CancelToken) -> Collected:
            progress = throttled(lambda done: self._progressed.emit(wanted, done))
            return reading.work(progress, cancel)

        self._background.request(work, lambda found: self._show_end(wanted, found))
        self._wait()

    @Slot()
    def _read_all(self) -> None:
        """Read what was offered, as a job like any other."""
        wanted = self._wanted
        if wanted is not None:
            title = self.tr("Values of {name}").format(name=wanted.checkpoint.path.name)
            record = self._log.start(title, self._reading(wanted).work)
            self._records[record] = wanted
            self._wait()

    @Slot()
    def _cancel(self) -> None:
        wanted = self._wanted
        record = self._record_of(wanted) if wanted is not None else None
        if record is not None:
            self._log.cancel(record)
        elif wanted is not None:
            self._background.drop()
            self._show_end(wanted)

    def _record_of(self, wanted: Wanted) -> Record | None:
        return next((each for each, asked in self._records.items() if asked == wanted), None)

    @Slot(Record)
    def _note(self, record: Record) -> None:
        wanted = self._records.get(record)
        if wanted is None:
            return
        if not record.ended:
            self._show_progress(wanted, record.progress)
            return
        del self._records[record]
        if record.error is None:
            self._show_end(wanted, record.result)
        elif wanted == self._wanted:
            self._show_failure(record.error)

    @Slot(Wanted, Progress)
    def _show_progress(self, wanted: Wanted, progress: Progress) -> None:
        if wanted == self._wanted and progress.total:
            self._pane.show_progress(progress)

    @Slot(Wanted, Collected)
    def _show(self, wanted: Wanted, found: Collected) -> None:
        if wanted == self._wanted:
            self._shown = wanted
            self._pane.show_values(wanted.title, found)

    def _show_end(self, wanted: Wanted, found: object = None) -> None:
        """Show the end; what was read of a job that was cancelled stays."""
        if wanted != self._wanted:
            return
        if isinstance(found, Collected):
            self._show(wanted, found)
        self._pane.show_end()
        if self._shown != wanted:
            self._offer(wanted, wanted.bytes)

    @Slot(Exception)
    def _show_failure(self, error: Exception) -> None:
        self._pane.show_end()
        self._pane.show_sentence(error_sentences(error))
