"""The GUI thread comes first: others let it in at once, and Python's garbage is collected there.

A thread that waits for the interpreter waits for some time before it asks for it, each time that Qt
calls into Python, which is a hundred times in one layout.

Automatic collection runs on whichever thread allocates last; there it would delete QObjects that
belong to the GUI thread. On the GUI thread it can start within the destructor of a QObject, which
holds a lock that the destructor of what is collected waits for: the program hangs. So automatic
collection is off for good once there is a window, whose timer collects between events.
"""

import gc
import sys
from itertools import count

from PySide6.QtCore import QObject, QTimer

_PERIOD_MS = 1_000
_WHOLE_EVERY = 60
_MOST_AT_ONCE = 100_000
"""Objects that are looked through in 20 ms; when there are more, the oldest are left out."""

_SWITCH_INTERVAL_S = 0.0001


def put_first(window: QObject) -> None:
    """Let the GUI thread wait a tenth of a millisecond for others, not five, and collect there."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    collect_on_gui_thread(window)


def collect_on_gui_thread(parent: QObject) -> QTimer:
    """Replace automatic collection by a timer; without ``parent`` nothing is collected any more.

    It stays off when the parent is destroyed, whose children are being destroyed then.
    """
    gc.disable()
    timer, calls = QTimer(parent), count(1)

    def collect() -> None:
        whole = not next(calls) % _WHOLE_EVERY and len(gc.get_objects(2)) < _MOST_AT_ONCE
        gc.collect(2 if whole else 1)

    timer.timeout.connect(collect)
    timer.start(_PERIOD_MS)
    return timer


def leave_out() -> None:
    """Never look again through what there is now, modules and panels: it stays to the end.

    They are 100,000 objects; the first pass over them takes 50 ms.
    """
    gc.freeze()
