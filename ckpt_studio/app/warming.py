"""What is wanted soon is made while the window waits for its user: the first click finds it.

Making all of it before the window is shown takes twice the time to the first window; making it on
the first click holds the window up for a tenth of a second. Here it is made in steps of a few
frames. What has nothing to do with Qt is loaded on a thread; PySide prepares each class when it is
named for the first time, which is not safe there.
"""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import ModuleType

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.background import Background
from ckpt_studio.app.panels_late import LatePanel
from ckpt_studio.core.families import architecture
from ckpt_studio.core.progress import CancelToken

_SOON_MS = 200  # the window is on screen and has drawn itself
_BETWEEN_MS = 20  # the user's turn
_WITHOUT_QT = (
    "ckpt_studio.core.generation",
    "ckpt_studio.core.editing.metadata_import",
    "ckpt_studio.core.editing.modelspec_known",
    "ckpt_studio.core.merging.presets",
    "ckpt_studio.engine.importing",
    "ckpt_studio.formats.recipe_json",
)
_WITH_QT = (
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
        self._steps: list[Callable[[], object]] = [
            *(partial(_touch, module) for module in (QtCore, QtGui, QtWidgets)),
            *(partial(import_module, name) for name in _WITH_QT),
        ]
        self._work = Background(window)
        self._soon = QTimer(window, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self._load)
        self._next = QTimer(window, interval=_BETWEEN_MS)
        self._next.timeout.connect(self._make_next)

    def start(self) -> None:
        """Begin in a moment."""
        self._soon.start()

    @property
    def busy(self) -> bool:
        """Whether something is still to be made."""
        return self._soon.isActive() or self._work.busy or self._next.isActive()

    def stop(self) -> None:
        """Make nothing more, and wait for what is being loaded."""
        self._soon.stop()
        self._next.stop()
        self._work.stop()

    def _load(self) -> None:
        if self._is_busy():
            self._soon.start()
        else:
            self._work.request(_load, lambda _: self._next.start())

    def _make_next(self) -> None:
        if self._is_busy() or QGuiApplication.mouseButtons():  # something is opened or dragged
            return
        if self._steps:
            self._steps.pop(0)()
            return
        panels: list[LatePanel] = self._window.findChildren(LatePanel)
        panel = next((panel for panel in panels if not panel.built), None)
        if panel is None:
            self._next.stop()
        else:
            panel.ensure_built()


def _touch(module: ModuleType) -> None:
    """Have PySide prepare all classes of a module."""
    for name in dir(module):
        getattr(module, name)


def _load(cancel: CancelToken) -> None:
    for name in _WITHOUT_QT:
        cancel.raise_if_cancelled()
        import_module(name)
    cancel.raise_if_cancelled()
    architecture.families()
