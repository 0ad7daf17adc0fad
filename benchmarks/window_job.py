"""What the window takes, measured inside it; prints one number.

python -m benchmarks.window_job first SECONDS | table FILE | keystroke FILE
python -m benchmarks.window_job stall OUT PRECISION FILE… | visits FILE
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
from ckpt_studio.app.main_window import (
    ASSEMBLE,
    COMPARE,
    JOBS,
    MERGE,
    METADATA,
    TENSORS,
    MainWindow,
)
from ckpt_studio.core.recipe import Precision

_PATIENCE_S = 300.0
_MOMENT_S = 0.3
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
    window = ready()
    started = perf_counter()
    window.sources.look_at((Path(path),))
    wait(lambda: filled(window) >= _TENSORS)
    window.grab()
    return perf_counter() - started


def keystroke(path: str) -> float:
    """Seconds that one more letter in the filter takes, the worst of several."""
    window = ready()
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
    wait(lambda: not window.warming.busy)
    chosen = replace(window.session.recipe, precision={"*": Precision(precision)})
    window.session.change(chosen, "Precision")
    window.saving.output.set_path(Path(out))
    wait(lambda: not window.session.planning and window.session.plan is not None)
    with Watch(confirm) as watch:
        window.saving.save()
        wait(lambda: not window.jobs.queue.busy and Path(out).exists())
    Path(out).unlink()
    return watch.longest


def visits(path: str) -> float:
    """Seconds of the longest time without an answer from the start to a look at everything."""
    window = shown([])
    with Watch() as watch:
        wait(lambda: not window.warming.busy)
        window.sources.look_at((Path(path),))
        wait(lambda: filled(window) >= _TENSORS)
        for panel in (METADATA, TENSORS, COMPARE, MERGE, JOBS, ASSEMBLE):
            window.show_panel(panel)
            wait(moment())
    return watch.longest


class Watch:
    """Measures the longest time in which the event loop did not come round, in seconds."""

    def __init__(self, each_time: Callable[[], None] = lambda: None) -> None:
        self.longest = 0.0
        self._each_time = each_time
        self._timer = QTimer(interval=1)
        self._timer.timeout.connect(self._tick)

    def __enter__(self) -> "Watch":
        self._last = perf_counter()
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._tick()
        self._timer.stop()

    def _tick(self) -> None:
        now = perf_counter()
        self.longest, self._last = max(self.longest, now - self._last), now
        self._each_time()


def moment() -> Callable[[], bool]:
    """Return a test that holds a moment after it is first asked."""
    begun: list[float] = []

    def over() -> bool:
        begun.append(perf_counter())
        return begun[-1] - begun[0] > _MOMENT_S

    return over


def confirm() -> None:
    """Press Save in the save plan when it is on screen."""
    dialog = QApplication.activeModalWidget()
    if dialog is not None:
        child(dialog, QPushButton, "planSave").click()


def ready() -> MainWindow:
    """Return a window that has made all that it makes in its first second."""
    window = shown([])
    wait(lambda: not window.warming.busy)
    return window


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


_JOBS = {
    "first": first,
    "table": table,
    "keystroke": keystroke,
    "stall": stall,
    "visits": visits,
}

if __name__ == "__main__":
    job, *arguments = sys.argv[1:]
    sys.stdout.write(f"{_JOBS[job](*arguments)}\n")
    sys.stdout.flush()
