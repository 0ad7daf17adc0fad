"""The Jobs panel: what runs, what waits and what was done, newest first."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ckpt_studio.app.job_log import JobLog, Record
from ckpt_studio.app.panels.job_card import JobCard
from ckpt_studio.qt.labels import label


class JobsPanel(QWidget):
    """A list of JobCards over the job log."""

    again_requested = Signal(Record)
    details_requested = Signal(Record)
    show_in_folder_requested = Signal(object)  # Path

    def __init__(self, log: JobLog, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jobsPanel")
        self._log = log
        self._cards: dict[int, JobCard] = {}
        self._empty = label(self.tr("No jobs yet. What you save shows up here."), "dim")
        self._clear = QPushButton(self.tr("C&lear finished"))
        self._clear.setObjectName("jobsClear")
        self._list = QVBoxLayout()
        self._list.setSpacing(10)
        self._build()
        self._clear.clicked.connect(log.clear_ended)
        log.added.connect(self._add)
        log.brought_back.connect(self._add_before)
        log.changed.connect(self._refresh)
        log.cleared.connect(self._drop_ended)

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(20, 0, 20, 0)
        head.addWidget(label(self.tr("Jobs"), "h1"), 1)
        head.addWidget(self._clear)
        scrolled = QWidget()
        scrolled.setObjectName("scrolled")
        column = QVBoxLayout(scrolled)
        column.setContentsMargins(20, 0, 20, 4)
        column.addWidget(self._empty)
        column.addLayout(self._list)
        column.addStretch()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(scrolled)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 14, 0, 12)
        outer.setSpacing(12)
        outer.addLayout(head)
        outer.addWidget(area)
        self._update_emptiness()

    @property
    def cards(self) -> tuple[JobCard, ...]:
        """The jobs as they are shown, newest last."""
        return tuple(self._cards.values())

    def _add(self, record: Record) -> None:
        self._list.insertWidget(0, self._card(record))
        self._update_emptiness()

    def _add_before(self, record: Record) -> None:
        self._list.addWidget(self._card(record))
        self._update_emptiness()

    def _card(self, record: Record) -> JobCard:
        card = JobCard(record)
        card.cancel_requested.connect(self._log.cancel)
        card.again_requested.connect(self.again_requested)
        card.details_requested.connect(self.details_requested)
        card.show_in_folder_requested.connect(self.show_in_folder_requested)
        self._cards[id(record)] = card
        return card

    def _refresh(self, record: Record) -> None:
        card = self._cards.get(id(record))
        if card is not None:
            card.refresh()
            self._update_emptiness()

    def _drop_ended(self) -> None:
        kept = {id(record) for record in self._log.records}
        for key in [key for key in self._cards if key not in kept]:
            card = self._cards.pop(key)
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._update_emptiness()

    def _update_emptiness(self) -> None:
        self._empty.setVisible(not self._cards)
        self._clear.setEnabled(any(record.ended for record in self._log.records))
