"""What a large workflow in the metadata takes in the window; prints one number.

python -m benchmarks.metadata_job nodes FILE | text FILE | stall FILE
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QTableView, QToolButton

from benchmarks.window_job import Watch, child, moment, ready, wait
from ckpt_studio.app.main_window import METADATA, MainWindow
from ckpt_studio.app.panels.metadata_table import MetadataTable
from ckpt_studio.core.json_values.value_layout import layout
from ckpt_studio.qt.value_edit import ValueEdit

Step = tuple[str, Callable[[], object], Callable[[], bool]]


def nodes(path: str) -> float:
    """Seconds from choosing the key to the list of its nodes."""
    window = opened(path)
    return done(next(steps(window)))


def text(path: str) -> float:
    """Seconds from asking for the text to all of it in the editor, laid out."""
    taken = {step[0]: done(step) for step in steps(opened(path))}
    return taken["load"]


def stall(path: str) -> float:
    """Seconds of the longest time without an answer while the value is looked at and edited."""
    return max(stalls(opened(path)).values())


def stalls(window: MainWindow) -> dict[str, float]:
    """Return the longest time without an answer in each step."""
    longest: dict[str, float] = {}
    for step in steps(window):
        with Watch() as watch:
            done(step)
            wait(moment())
        longest[step[0]] = watch.longest
    return longest


def steps(window: MainWindow) -> Iterator[Step]:
    """Give what a person does with the value, and when that is done; each when the last one is."""
    table = child(window, MetadataTable, "metadataTable")
    document = window.session.current
    whole = len(layout(document.metadata["workflow"]).shown)
    listed = child(window, QTableView, "workflowNodes").model()
    yield "choose", lambda: table.select_keys(["workflow"]), lambda: listed.rowCount() > 0
    yield "as text", lambda: press(window, "valueModeText"), moment()
    field = child(window, ValueEdit, "metadataValue")
    yield (
        "load",
        lambda: child(window, QPushButton, "metadataLoad").click(),
        lambda: not field.isReadOnly() and field.document().characterCount() > whole,
    )
    cursor = field.textCursor()
    cursor.setPosition(field.toPlainText().index("a photo"))
    field.setTextCursor(cursor)
    typed = document.undo_stack.count
    yield "type", lambda: QTest.keyClick(field, Qt.Key.Key_X), lambda: typed() > 0
    yield "undo", document.undo_stack.undo, moment()
    for view in ("Form", "Json", "Table"):
        yield view, lambda view=view: press(window, f"metadataView{view}"), moment()
    document.undo_stack.setClean()


def done(step: Step) -> float:
    """Do something and wait until it is done; return the seconds."""
    _, act, finished = step
    started = perf_counter()
    act()
    wait(finished)
    return perf_counter() - started


def opened(path: str) -> MainWindow:
    """Return a window with the metadata of a file on screen."""
    window = ready()
    window.sources.look_at((Path(path),))
    wait(lambda: window.session.current.path is not None)
    window.show_panel(METADATA)
    wait(moment())
    return window


def press(window: MainWindow, name: str) -> None:
    """Press a button."""
    child(window, QToolButton, name).click()


_JOBS = {"nodes": nodes, "text": text, "stall": stall}

if __name__ == "__main__":
    job, *arguments = sys.argv[1:]
    sys.stdout.write(f"{_JOBS[job](*arguments)}\n")
    sys.stdout.flush()
