"""Garbage is collected between events alone."""

import gc
import weakref

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.gui_thread import collect_on_gui_thread, leave_out


class Knot:
    """An object that only the collector can free."""

    def __init__(self):
        self.itself = self


def test_nothing_is_collected_by_itself_from_the_window_on(open_window):
    gc.enable()
    open_window()
    assert not gc.isenabled()


def test_nothing_is_collected_while_a_window_is_destroyed(open_window):
    window, seen = open_window(), []
    children = window.findChildren(QObject) + window.findChildren(QWidget)
    for child in (window, *children):
        child.destroyed.connect(lambda: seen.append(gc.isenabled()))
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert len(seen) > 100
    assert not any(seen)


def test_garbage_is_collected_by_a_timer(qtbot):
    parent = QObject()
    timer = collect_on_gui_thread(parent)
    knot = weakref.ref(Knot())
    assert knot() is not None
    timer.setInterval(1)
    qtbot.waitUntil(lambda: knot() is None)
    timer.stop()


def test_garbage_that_lived_for_long_is_collected_too(qtbot):
    leave_out()  # what other tests left, as the window leaves out what it was made of
    parent, knot = QObject(), Knot()
    timer, ref = collect_on_gui_thread(parent), weakref.ref(knot)
    gc.collect()
    del knot
    assert ref() is not None
    timer.setInterval(1)
    qtbot.waitUntil(lambda: ref() is None)
    timer.stop()


def test_what_was_made_beforehand_is_not_looked_through_again(qtbot, window):
    assert any(each is window for each in gc.get_objects())
    window.warming.start()
    qtbot.waitUntil(lambda: not window.warming.busy, timeout=20_000)
    assert not any(each is window for each in gc.get_objects())
