"""Keep Python's cyclic garbage collector on the GUI thread.

The collector runs on whichever thread allocates last; there it would delete QObjects that belong
to the GUI thread. So it is switched off and driven by a timer that lives as long as the window.
"""

import gc

from PySide6.QtCore import QObject, QTimer

_PERIOD_MS = 5_000


def collect_on_gui_thread(parent: QObject) -> QTimer:
    """Replace automatic collection by a timer; it is automatic again when the parent is gone."""
    gc.disable()
    timer = QTimer(parent)
    timer.timeout.connect(_collect_young)
    timer.start(_PERIOD_MS)
    parent.destroyed.connect(gc.enable)
    return timer


def _collect_young() -> None:
    """Collect the younger generations; a full pass over torch's objects would be felt."""
    gc.collect(1)
