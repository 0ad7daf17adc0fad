"""Asks for the name of a file to write, and about the file that stands there already."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from ckpt_studio.core.plain_text import one_line
from ckpt_studio.qt.question import confirmed


def ask_for_file(
    parent: QWidget, title: str, suggested: Path, kind: str, endings: tuple[str, ...]
) -> Path | None:
    """Return the file to write, None when the user changed their mind.

    ``kind`` names the files, like "CSV"; a name with none of the ``endings`` gets the first one,
    since a dot may well be a part of a name (``conv.weight``). A file that stands at the returned
    path may be replaced: the user was asked about it, by the dialog or here.
    """
    patterns = " ".join(f"*{ending}" for ending in endings)
    start = suggested
    while True:
        name, _ = QFileDialog.getSaveFileName(parent, title, str(start), f"{kind} ({patterns})")
        if not name:
            return None
        start = Path(name)
        path = start if start.suffix.lower() in endings else Path(name + endings[0])
        # the dialog has asked about a file of exactly the name that was typed, and no other
        if path == start or not path.exists() or _may_replace(parent, path):
            return path


def _may_replace(parent: QWidget, path: Path) -> bool:
    told = _tr("{name} exists already.").format(name=one_line(path.name))
    more = _tr("What it holds is lost when it is replaced.")
    go, stay = _tr("&Replace"), _tr("&Choose another name")
    return confirmed(
        parent, "replaceQuestion", _tr("Replace a file"), told, go=go, stay=stay, more=more
    )


def _tr(sentence: str) -> str:
    return QCoreApplication.translate("SaveDialog", sentence)
