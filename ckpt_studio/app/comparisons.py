"""Pairs of files beside each other: worked out in the background, kept while the files stay."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from ckpt_studio.app.background import Background
from ckpt_studio.core.checkpoint import SourceFile
from ckpt_studio.core.comparison.compared_table import ComparedTable
from ckpt_studio.core.comparison.comparing import compare
from ckpt_studio.core.comparison.verdict import verdict
from ckpt_studio.core.recognition import Opened
from ckpt_studio.formats.shown import shown_name

_KEPT = 4
_Key = tuple[tuple[SourceFile, ...], tuple[SourceFile, ...]]
Said = tuple[str, ...]


class Comparisons(QObject):
    """Makes tables of comparisons; those made last keep the values that were compared."""

    ready = Signal(object, object)  # ComparedTable, the sentences it comes to
    judged = Signal(object, object)  # the same, when more is known
    failed = Signal(Exception)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._known: dict[_Key, ComparedTable] = {}
        self._tables, self._verdicts = Background(self), Background(self)
        for each in (self._tables, self._verdicts):
            each.failed.connect(self.failed)

    @property
    def busy(self) -> bool:
        """Whether a table or its sentences are on their way."""
        return self._tables.busy or self._verdicts.busy

    def compare(self, a: Opened, b: Opened) -> None:
        """Ask for the table of two files."""
        self._verdicts.drop()
        here, other = _key(a, b), _key(b, a)
        known, mirrored = self._known.get(here), self._known.get(other)

        def work(_: object) -> tuple[ComparedTable, Said]:
            table = known or _table(a, b, mirrored)
            return table, sentences(table)

        self._tables.request(work, lambda made: self._take(here, *made))

    def judge(self, table: ComparedTable) -> None:
        """Ask for the sentences of a table again."""
        self._verdicts.request(
            lambda _: sentences(table), lambda said: self.judged.emit(table, said)
        )

    def forget(self) -> None:
        """Drop what was asked for."""
        self._tables.drop()
        self._verdicts.drop()

    def stop(self) -> None:
        """Wait for what runs."""
        self._tables.stop()
        self._verdicts.stop()

    def _take(self, key: _Key, table: ComparedTable, said: Said) -> None:
        self._known.pop(key, None)
        self._known[key] = table
        for old in list(self._known)[:-_KEPT]:
            del self._known[old]
        self.ready.emit(table, said)


def sentences(table: ComparedTable) -> Said:
    """Return what is known of two files, the headers first while values are missing."""
    by_header = verdict(table.comparison)
    found = table.found()
    if not found:
        return by_header
    by_values = verdict(table.comparison, found)
    return (by_header[0], *by_values) if table.left() else by_values


def _key(a: Opened, b: Opened) -> _Key:
    return a.checkpoint.files, b.checkpoint.files


def _table(a: Opened, b: Opened, mirrored: ComparedTable | None) -> ComparedTable:
    comparison = compare(a, b)
    return ComparedTable(comparison) if mirrored is None else mirrored.swapped(comparison)


def names(table: ComparedTable) -> Sequence[str]:
    """Return the names of both files, safe to show."""
    sides = table.comparison.a, table.comparison.b
    return [shown_name(side.checkpoint.path) for side in sides]
