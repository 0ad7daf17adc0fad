"""Clean for sharing: what is private in the metadata, to tick off and take out."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from ckpt_studio.core.editing.privacy import Finding, PrivateKind, cleaning, find_private
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.text import count
from ckpt_studio.qt.job import Job, Work, leave
from ckpt_studio.qt.labels import label, plain_tip

_FINDING = Qt.ItemDataRole.UserRole
_EXAMPLE_CHARACTERS = 120


class CleanDialog(QDialog):
    """Lists findings by kind with a box for each; ``cleaned`` carries the edits that were chosen.

    Long values take a while to search, so both searching and cleaning run on a thread.
    """

    cleaned = Signal(tuple)  # of Edit

    def __init__(self, metadata: Metadata, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cleanDialog")
        self.setWindowTitle(self.tr("Clean for sharing"))
        self._metadata = dict(metadata)
        self._job: Job | None = None
        self._head = label(self.tr("Looking through the values…"), "h2", wrap=True)
        self._head.setObjectName("cleanHead")
        self._tree = QTreeWidget()
        self._tree.setObjectName("cleanFindings")
        self._tree.setAccessibleName(self.tr("Private information"))
        self._tree.setHeaderLabels([self.tr("What"), self.tr("Times"), self.tr("For example")])
        self._tree.setUniformRowHeights(True)
        self._tree.itemChanged.connect(self._show_ticked)
        self._clean = QPushButton(self.tr("C&lean"))
        self._clean.setObjectName("cleanButton")
        self._clean.setProperty("role", "primary")
        self._clean.setEnabled(False)
        self._cancel = QPushButton(self.tr("&Cancel"))
        self._cancel.setObjectName("cleanCancel")
        self._clean.clicked.connect(self._start_cleaning)
        self._cancel.clicked.connect(self.reject)
        self._build()
        self._start(lambda _progress, _cancel: find_private(self._metadata), self._show)

    def _build(self) -> None:
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._clean)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(self._head)
        column.addWidget(
            label(
                self.tr(
                    "Paths are shortened to the name of the file. Keys that programs need to load "
                    "the model stay. Undo brings everything back until the file is saved."
                ),
                "dim",
                wrap=True,
            )
        )
        column.addWidget(self._tree, 1)
        column.addLayout(buttons)
        self.resize(720, 460)

    def _start(self, work: Work, done: Callable[[object], None]) -> None:
        job = Job(work, parent=self)
        job.succeeded.connect(done)
        job.finished.connect(job.deleteLater)
        job.finished.connect(self._forget_job)
        self._job = job
        job.start()

    @Slot()
    def _forget_job(self) -> None:
        self._job = None

    def _show(self, found: object) -> None:
        findings = found if isinstance(found, tuple) else ()
        self._tree.blockSignals(True)
        for kind in PrivateKind:
            group = [finding for finding in findings if finding.kind is kind]
            if group:
                self._add_group(kind, group)
        self._tree.blockSignals(False)
        header = self._tree.header()
        header.setStretchLastSection(True)
        for column in (0, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self._tree.setFocus()
        self._show_ticked()

    def _add_group(self, kind: PrivateKind, findings: list[Finding]) -> None:
        times = count(sum(finding.count for finding in findings))
        group = QTreeWidgetItem([_kind_name(kind), times, ""])
        group.setFlags(
            group.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsAutoTristate
        )
        self._tree.addTopLevelItem(group)
        for finding in findings:
            examples = one_line(" · ".join(finding.examples), _EXAMPLE_CHARACTERS)
            item = QTreeWidgetItem([one_line(finding.key), count(finding.count), examples])
            item.setToolTip(2, plain_tip(examples))
            item.setData(0, _FINDING, finding)
            item.setCheckState(0, Qt.CheckState.Checked)
            group.addChild(item)
        group.setExpanded(True)

    def _ticked(self) -> tuple[Finding, ...]:
        groups = map(self._tree.topLevelItem, range(self._tree.topLevelItemCount()))
        items = [group.child(row) for group in groups if group for row in range(group.childCount())]
        return tuple(
            item.data(0, _FINDING)
            for item in items
            if item and item.checkState(0) is Qt.CheckState.Checked
        )

    @Slot()
    def _show_ticked(self) -> None:
        ticked = self._ticked()
        if self._tree.topLevelItemCount() == 0:
            self._head.setText(self.tr("Nothing private was found."))
        else:
            self._head.setText(self.tr("This can be taken out:"))
        keys = len({finding.key for finding in ticked})
        self._clean.setText(
            self.tr("C&lean {number} keys").format(number=count(keys))
            if keys
            else self.tr("C&lean")
        )
        self._clean.setEnabled(bool(ticked))

    @Slot()
    def _start_cleaning(self) -> None:
        ticked = self._ticked()
        self._clean.setEnabled(False)
        self._start(lambda _progress, _cancel: cleaning(self._metadata, ticked), self._finish)

    def _finish(self, edits: object) -> None:
        if self.isVisible() and isinstance(edits, tuple):
            self.cleaned.emit(edits)
        self.accept()

    @override
    def done(self, result: int) -> None:
        if self._job is not None:
            leave(self._job)
        super().done(result)


def _kind_name(kind: PrivateKind) -> str:
    names = {
        PrivateKind.PATH: _tr("Paths on this computer"),
        PrivateKind.USER: _tr("User names"),
        PrivateKind.EMAIL: _tr("E-mail addresses"),
        PrivateKind.DATASET: _tr("Training data"),
        PrivateKind.PROMPT: _tr("Prompts and workflows"),
    }
    return names[kind]


def _tr(source: str) -> str:
    return QCoreApplication.translate("CleanDialog", source)
