"""Draw the pictures of the documentation: every panel in the dark and the light theme.

python packaging/screenshots.py FILES… writes docs/pictures/PANEL_THEME.png with those model files
in place, such as the ones that ``ckpt-studio demo`` makes. It needs no screen.
"""

import os
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings, QTimer

from ckpt_studio.app.application import application, create_window
from ckpt_studio.app.main_window import MainWindow
from ckpt_studio.qt import theme

_PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
_OUTPUT = Path("checkpoints/my_model.safetensors")  # the same on every computer
_PANELS = ("assemble", "tensors", "metadata", "jobs")
_SIZE = (1280, 800)
_OPENING_MS, _PAINTING_MS = 2_000, 300


def main(files: list[str]) -> None:
    """Open the window off screen with the files, and grab each panel in each theme."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        window = create_window(files)
        window.resize(*_SIZE)
        window.show()
        _wait(_OPENING_MS)
        window.saving.set_path(_OUTPUT)
        _wait(_PAINTING_MS)
        _PICTURES.mkdir(parents=True, exist_ok=True)
        for scheme in (theme.Scheme.DARK, theme.Scheme.LIGHT):
            theme.apply(application(), scheme)
            _grab_panels(window, scheme)
        window.session.undo_stack.setClean()
        window.close()


def _grab_panels(window: MainWindow, scheme: theme.Scheme) -> None:
    for index, name in enumerate(_PANELS):
        window.show_panel(index)
        _wait(_PAINTING_MS)
        window.grab().save(str(_PICTURES / f"{name}_{scheme.value}.png"))


def _wait(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


if __name__ == "__main__":
    main(sys.argv[1:])
