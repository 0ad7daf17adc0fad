"""The fault for which a release of PySide6 is kept off Python 3.11 (docs/adr/0002)."""

import sys

from PySide6.QtCore import QObject


def test_calls_that_return_nothing_do_not_use_up_none():
    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(1000):
        thing.setObjectName("name")
    assert sys.getrefcount(None) > before - 500
