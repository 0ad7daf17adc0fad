"""What is wanted soon is made while the window waits for its user: the first click finds it.

Making all of it before the window is shown takes twice the time to the first window; making it on
the first click holds the window up for a tenth of a second. Here it is made in short steps,
on the GUI thread: PySide prepares each class when it is named for the first time, which is not safe
on others.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from types import ModuleType

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from ckpt_studio.app import gui_thread
from ckpt_studio.app.panels_late import LatePanel
from ckpt_studio.core.families import architecture, family_files

_SOON_MS = 200  # the window is on screen and has drawn itself
_BETWEEN_MS = 10  # the user's turn
_AT_ONCE = 8  # families
_MODULES = (
    "ckpt_studio.core.generation",
    "ckpt_studio.core.editing.metadata_import",
    "ckpt_studio.core.editing.modelspec_known",
    "ckpt_studio.core.merging.presets",
    "ckpt_studio.engine.importing",
    "ckpt_studio.formats.recipe_json",
    "ckpt_studio.qt.tensor_model",
    "ckpt_studio.qt.treemap",
    "ckpt_studio.qt.histogram",
    "ckpt_studio.app.panels.value_pane",
    "ckpt_studio.app.panels.tensors",
    "ckpt_studio.app.tensor_jobs",
    "ckpt_studio.app.panels.metadata_value",
    "ckpt_studio.app.panels.metadata_keys",
    "ckpt_studio.app.panels.metadata_form",
    "ckpt_studio.app.panels.metadata",
    "ckpt_studio.qt.heatmap",
    "ckpt_studio.app.panels.compare",
    "ckpt_studio.qt.block_curve",
    "ckpt_studio.app.panels.merge_blocks",
    "ckpt_studio.app.panels.merge_loras",
    "ckpt_studio.app.panels.merge",
    "ckpt_studio.app.merge_reach",
    "ckpt_studio.app.lora_dialog",
)
"""What panels and dialogs are made from on their first visit; each takes a few milliseconds."""


class Warming:
    """Loads modules and model families, then builds the late panels of a window.

    What somebody is faster to ask for is made at once, as without it.
    """

    def __init__(self, window: QWidget, is_busy: Callable[[], bool]) -> None:
        """Prepare; nothing is made while ``is_busy``."""
        self._window, self._is_busy = window, is_busy
        self._steps = _steps()
        self._soon = QTimer(window, singleShot=True, interval=_SOON_MS)
        self._next = QTimer(window, interval=_BETWEEN_MS)
        self._soon.timeout.connect(gui_thread.leave_out)
        self._soon.timeout.connect(self._next.start)
        self._next.timeout.connect(self._make_next)

    def start(self) -> None:
        """Begin in a moment."""
        self._soon.start()

    @property
    def busy(self) -> bool:
        """Whether something is still to be made."""
        return self._soon.isActive() or self._next.isActive()

    def stop(self) -> None:
        """Make nothing more."""
        self._soon.stop()
        self._next.stop()

    def _make_next(self) -> None:
        if self._is_busy() or QGuiApplication.mouseButtons():  # something is opened or dragged
            return
        step = next(self._steps, None)
        if step is not None:
            step()
            return
        panels: list[LatePanel] = self._window.findChildren(LatePanel)
        panel = next((panel for panel in panels if not panel.built), None)
        if panel is None:
            self._next.stop()
            gui_thread.leave_out()
        else:
            panel.ensure_built()


def _steps() -> Iterator[Callable[[], object]]:
    for module in (QtCore, QtGui, QtWidgets):
        yield partial(_touch, module)
    for name in _MODULES:
        yield partial(import_module, name)
    names = [heading.id for heading in family_files.headings(family_files.FAMILIES)]
    for at in range(0, len(names), _AT_ONCE):
        yield partial(_read, names[at : at + _AT_ONCE])
    yield architecture.families


def _read(names: Sequence[str]) -> None:
    for name in names:
        architecture.family(name)


def _touch(module: ModuleType) -> None:
    """Have PySide prepare all classes of a module."""
    for name in dir(module):
        getattr(module, name)
