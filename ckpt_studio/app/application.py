"""Start of the window: the application, its look, the window, the files it was started with."""

import sys
from pathlib import Path
from typing import cast

from PySide6.QtGui import QGuiApplication, QIcon, QPixmap
from PySide6.QtWidgets import QApplication

from ckpt_studio import __version__, engine
from ckpt_studio.app.appearance import Appearance
from ckpt_studio.app.main_window import MainWindow
from ckpt_studio.app.settings import Settings
from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core import data_files
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.engine.hashing import Hashes
from ckpt_studio.engine.leftovers import leftovers
from ckpt_studio.engine.meaning import meaning_of
from ckpt_studio.engine.writing import WriteOptions

_PROGRAM = "ckpt-studio"
_SWITCH_INTERVAL_S = 0.001  # lets the GUI thread in soon while a job holds the interpreter


def run(argv: list[str]) -> int:
    """Show the window and stay until it is closed; return the exit code."""
    window = create_window(argv)
    window.show()
    return application().exec()


def create_window(argv: list[str]) -> MainWindow:
    """Build the window with the files in ``argv``, which may begin with the program's name."""
    app = application()
    settings = Settings()
    appearance = Appearance(app, settings)
    window = MainWindow(real_verbs(), settings)
    window.setWindowIcon(_icon())
    appearance.setParent(window)
    appearance.connect_actions(window.actions_.themes)
    files = tuple(Path(name).absolute() for name in _arguments(argv) if not name.startswith("-"))
    window.recovery.offer()
    if files:
        window.sources.start_with(files)
    if settings.output_folder:
        window.leftovers.look(Path(settings.output_folder), leftovers)
    return window


def _arguments(argv: list[str]) -> list[str]:
    """Leave out the name of the program where ``argv`` begins with it."""
    named = bool(argv) and argv[0] in {_PROGRAM, *sys.argv[:1]}
    return argv[1:] if named else argv


def application() -> QApplication:
    """Return the application, made on first use."""
    existing = QApplication.instance()
    if existing is not None:
        return cast("QApplication", existing)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    QGuiApplication.setDesktopFileName(_PROGRAM)
    app = QApplication([_PROGRAM])
    app.setApplicationName(_PROGRAM)
    app.setApplicationDisplayName("Checkpoint Studio")
    app.setApplicationVersion(__version__)
    return app


def real_verbs() -> Verbs:
    """Return the verbs of the engine over one library of opened files.

    Files are written by another process: hashing and torch would hold up the window.
    """
    library = engine.Library()

    def write(
        plan: Plan, options: WriteOptions, progress: ProgressCallback, cancel: CancelToken
    ) -> Report:
        return engine.write_isolated(plan, options, progress=progress, cancel=cancel)

    def hash_file(path: Path, progress: ProgressCallback, cancel: CancelToken) -> Hashes:
        return engine.hash_file(path, progress=progress, cancel=cancel)

    return Verbs(
        open=library.open,
        meant=meaning_of,
        plan=lambda recipe: engine.plan(recipe, library),
        plan_parts=lambda recipe: engine.plan_parts(recipe, library),
        write=write,
        hash=hash_file,
    )


def _icon() -> QIcon:
    picture = QPixmap()
    picture.loadFromData(data_files.read_bytes("icons/ckpt-studio.svg"))
    return QIcon(picture)
