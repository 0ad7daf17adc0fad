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

from PySide6.QtCore import QObject, QTimer

_PERIOD_MS = 5_000
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
    timer = QTimer(parent)
    timer.timeout.connect(_collect_young)
    timer.start(_PERIOD_MS)
    return timer


def _collect_young() -> None:
    """Collect the younger generations; a full pass over torch's objects would be felt."""
    gc.collect(1)
