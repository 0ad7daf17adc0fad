"""Ctrl-C in the terminal that the window was started from."""

import os
import signal
from types import FrameType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

EXIT_CODE = 130


class Interrupt:
    """Closes the window as the user would, with its questions; a second Ctrl-C does not ask.

    Python's own way, an exception wherever the program stands, would end a slot of Qt and no more.
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self.asked = False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._stop)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            os._exit(EXIT_CODE)
        self.asked = True
        QTimer.singleShot(0, self._window, self._window.close)
