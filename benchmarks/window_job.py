"""What the window takes, measured inside it; prints one number.

python -m benchmarks.window_job first SECONDS | table FILE | keystroke FILE
python -m benchmarks.window_job stall OUT PRECISION FILE…
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic, perf_counter
from typing import TypeVar

from PySide6.QtCore import QAbstractItemModel, QEventLoop, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLineEdit, QPushButton, QWidget

from ckpt_studio.app.application import application, create_window
from ckpt_studio.app.main_window import MainWindow
from ckpt_studio.core.recipe import Precision

_PATIENCE_S = 300.0
_TENSORS = 20_000
Widget = TypeVar("Widget", bound=QWidget)


def wait(done: Callable[[], bool]) -> float:
    """Let the event loop run until something is done; return the seconds it took."""
    started = perf_counter()
    loop, poll = QEventLoop(), QTimer()

    def look() -> None:
        if done() or perf_counter() - started > _PATIENCE_S:
            loop.quit()

    poll.timeout.connect(look)
    poll.start(1)
    loop.exec()
    poll.stop()
    if not done():
        raise TimeoutError("the window did not get there")
    return perf_counter() - started


def first(started: str) -> float:
    """Seconds from the start of the process (``started``, monotonic) to the window on screen."""
    window = shown([])
    if "torch" in sys.modules:
        raise RuntimeError("the first window loads torch")
    window.grab()
    return monotonic() - float(started)


def table(path: str) -> float:
    """Seconds from asking for a file to its last row in the table."""
    window = shown([])
    started = perf_counter()
    window.sources.look_at((Path(path),))
    wait(lambda: filled(window) >= _TENSORS)
    window.grab()
    return perf_counter() - started


def keystroke(path: str) -> float:
    """Seconds that one more letter in the filter takes, the worst of several."""
    window = shown([])
    window.sources.look_at((Path(path),))
    wait(lambda: filled(window) >= _TENSORS)
    field = child(window, QLineEdit, "tensorFilter")
    field.setFocus()
    resets: list[None] = []
    child(window, QAbstractItemView, "tensorTable").model().modelReset.connect(
        lambda: resets.append(None)
    )
    worst = 0.0
    for letter in "attn.to_q":
        resets.clear()
        started = perf_counter()
        QTest.keyClicks(field, letter)
        wait(lambda: bool(resets))  # the loop paints before it looks
        application().processEvents()
        worst = max(worst, perf_counter() - started)
    return worst


def stall(out: str, precision: str, *paths: str) -> float:
    """Seconds of the longest time in which the window did not answer during a save."""
    window = shown(list(paths))
    wait(lambda: not window.sources.busy and window.session.plan is not None)
    chosen = replace(window.session.recipe, precision={"*": Precision(precision)})
    window.session.change(chosen, "Precision")
    window.saving.output.set_path(Path(out))
    wait(lambda: not window.session.planning and window.session.plan is not None)
    longest, last = 0.0, perf_counter()

    def tick() -> None:
        nonlocal longest, last
        now = perf_counter()
        longest, last = max(longest, now - last), now
        confirm()

    timer = QTimer(window)
    timer.timeout.connect(tick)
    timer.start(1)
    window.saving.save()
    wait(lambda: not window.jobs.queue.busy and Path(out).exists())
    Path(out).unlink()
    return longest


def confirm() -> None:
    """Press Save in the save plan when it is on screen."""
    dialog = QApplication.activeModalWidget()
    if dialog is not None:
        child(dialog, QPushButton, "planSave").click()


def shown(paths: list[str]) -> MainWindow:
    """Return a window on screen, with files."""
    window = create_window(paths)
    window.show()
    application().processEvents()
    return window


def filled(window: MainWindow) -> int:
    """Rows in the table of tensors."""
    view = window.findChild(QAbstractItemView, "tensorTable")
    model: QAbstractItemModel | None = view.model() if view is not None else None
    return model.rowCount() if model is not None else 0


def child(parent: QWidget, kind: type[Widget], name: str) -> Widget:
    """Return a widget by its name."""
    found = parent.findChild(kind, name)
    if found is None:
        raise LookupError(name)
    return found


_JOBS = {"first": first, "table": table, "keystroke": keystroke, "stall": stall}

if __name__ == "__main__":
    job, *arguments = sys.argv[1:]
    sys.stdout.write(f"{_JOBS[job](*arguments)}\n")
    sys.stdout.flush()
