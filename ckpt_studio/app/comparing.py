"""The Compare panel in the window: built late, with its files, its tables and its jobs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.background import Background
from ckpt_studio.app.comparisons import Comparisons, Said
from ckpt_studio.app.document import Document
from ckpt_studio.app.job_log import JobLog
from ckpt_studio.app.panels_late import LatePanel
from ckpt_studio.app.session import Session
from ckpt_studio.app.sources import Sources
from ckpt_studio.app.value_comparing import ValueComparing
from ckpt_studio.core.comparison.compared_table import ComparedTable
from ckpt_studio.core.comparison.comparison_export import comparison_csv
from ckpt_studio.core.recognition import Opened
from ckpt_studio.formats.new_file import write_small_file
from ckpt_studio.qt.save_dialog import ask_for_file

if TYPE_CHECKING:
    from ckpt_studio.app.panels.compare import ComparePanel

_BOTH = 2


class Comparing(QObject):
    """Opens what is dropped on either side, compares the two, and follows the session."""

    failed = Signal(Exception)
    lora_requested = Signal(object, object)  # the Paths of A and B

    def __init__(self, session: Session, sources: Sources, log: JobLog, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._sources, self._window = session, sources, window
        self._panel: ComparePanel | None = None
        self._asked: tuple[Opened, Opened] | None = None
        self._comparisons = Comparisons(self)
        self._values = ValueComparing(log, session.verbs.compare_rows, self)
        self._exports = Background(self)
        self.late = LatePanel(self._built)
        self._connect()

    def _connect(self) -> None:
        self._session.files_changed.connect(self._offer_documents)
        self._comparisons.ready.connect(self._show)
        self._comparisons.judged.connect(self._show_said)
        self._comparisons.failed.connect(self._fail)
        self._values.filled.connect(self._fill)
        self._values.changed.connect(self._show_job)
        self._values.ended.connect(self._end)
        self._exports.failed.connect(self.failed)
        self.late.visited.connect(self._choose_both)

    def _built(self, parent: QWidget) -> QWidget:
        from ckpt_studio.app.panels.compare import ComparePanel  # noqa: PLC0415 - on first visit

        panel = ComparePanel(parent)
        panel.pair_changed.connect(self._compare)
        panel.files_dropped.connect(self.take)
        panel.browse_requested.connect(self._browse)
        panel.values_requested.connect(lambda table: self._values.start(table, panel.part))
        panel.stop_requested.connect(self._values.stop)
        panel.export_requested.connect(self._export)
        panel.lora_requested.connect(self._ask_lora)
        panel.failed.connect(self.failed)
        self._panel = panel
        self._offer_documents()
        return panel

    @property
    def busy(self) -> bool:
        """Whether a comparison is on its way."""
        return self._comparisons.busy or self._exports.busy

    @property
    def comparing_values(self) -> bool:
        """Whether values are compared, or what was found is not in the table yet."""
        return self._values.busy

    def take(self, letter: str, files: tuple[Path, ...]) -> None:
        """Open files and compare them: one on a side, or on a free one for "", two on both."""

        def place(found: Mapping[Path, Document]) -> None:
            self._place(letter, list(found.values()))

        self._sources.open_for(files, place)

    def compare_with(self, document: Document) -> None:
        """Put an open file on side A and ask for the one to compare it with."""
        if document in self._session.documents:
            self._choose({"A": document})
        self._browse("B")

    def stop(self) -> None:
        """Wait for what runs, save for the jobs."""
        self._comparisons.stop()
        self._exports.stop()

    def _browse(self, letter: str) -> None:
        files = self._sources.ask(self.tr("Choose file {letter}").format(letter=letter))
        if files:
            self.take(letter, files)

    def _place(self, letter: str, documents: list[Document]) -> None:
        panel = self._panel
        if panel is None or not documents:
            return
        if len(documents) >= _BOTH:
            self._choose(dict(zip("AB", documents, strict=False)))
            return
        free = "B" if panel.head.sides["A"].document is not None else "A"
        self._choose({letter or free: documents[0]})

    def _choose_both(self) -> None:
        """Compare the two files that are open where nothing was chosen yet."""
        documents = self._session.documents
        chosen = self._panel is not None and any(
            side.document is not None for side in self._panel.head.sides.values()
        )
        if len(documents) == _BOTH and not chosen:
            self._choose(dict(zip("AB", documents, strict=True)))

    def _choose(self, documents: Mapping[str, Document]) -> None:
        if self._panel is not None:
            for letter, document in documents.items():
                self._panel.head.sides[letter].choose(document)
            self._compare()

    def _offer_documents(self) -> None:
        if self._panel is not None:
            self._panel.set_documents(self._session.documents)
            self._compare()

    def _compare(self) -> None:
        """Compare the two files unless it is these two that are compared already."""
        panel = self._panel
        if panel is None:
            return
        a, b = (side.document for side in panel.head.sides.values())
        if a is None or b is None or a.opened is None or b.opened is None:
            self._asked = None
            self._comparisons.forget()
            panel.show_nothing()
            return
        asked = self._asked
        if asked is None or asked[0] is not a.opened or asked[1] is not b.opened:
            self._asked = a.opened, b.opened
            panel.show_waiting()
            self._comparisons.compare(a.opened, b.opened)

    def _show(self, table: ComparedTable, said: Said) -> None:
        if self._panel is not None:
            self._panel.show_table(table, said, self._values.record_of(table))

    def _show_said(self, table: ComparedTable, said: Said) -> None:
        if self._panel is not None and self._panel.table is table:
            self._panel.show_said(said)

    def _fail(self, error: Exception) -> None:
        if self._panel is not None:
            self._panel.show_failure(self.tr("These files could not be compared."))
        self.failed.emit(error)

    def _fill(self, table: ComparedTable) -> None:
        if self._panel is not None and self._panel.table is table:
            self._panel.fill()

    def _show_job(self, table: ComparedTable) -> None:
        if self._panel is not None and self._panel.table is table:
            self._panel.show_job(self._values.record_of(table))

    def _end(self, table: ComparedTable) -> None:
        if self._panel is not None and self._panel.table is table:
            self._panel.refresh()
            self._comparisons.judge(table)

    def _ask_lora(self, table: ComparedTable) -> None:
        comparison = table.comparison
        self.lora_requested.emit(comparison.a.checkpoint.path, comparison.b.checkpoint.path)

    def _export(self, table: ComparedTable) -> None:
        comparison = table.comparison
        used = tuple(side.checkpoint.path for side in (comparison.a, comparison.b))
        suggested = used[0].with_name(f"{used[0].stem} - {used[1].stem}.csv")
        title = self.tr("Export comparison")
        path = ask_for_file(self._window, title, suggested, "CSV", (".csv",))
        if path is not None:
            self._exports.request(
                lambda _: write_small_file(
                    path, comparison_csv(comparison, table.found()), overwrite=True, used=used
                ),
                lambda _: None,
            )
