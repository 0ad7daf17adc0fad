"""Start of the window: the application, its look, the window, the files it was started with."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from PySide6.QtGui import QGuiApplication, QIcon, QPixmap
from PySide6.QtWidgets import QApplication

from ckpt_studio import __version__, engine
from ckpt_studio.app.appearance import Appearance
from ckpt_studio.app.interrupt import EXIT_CODE as INTERRUPTED
from ckpt_studio.app.interrupt import Interrupt
from ckpt_studio.app.main_window import MainWindow
from ckpt_studio.app.settings import Settings
from ckpt_studio.app.verbs import Verbs
from ckpt_studio.core import data_files
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.comparison.comparing import Comparison
from ckpt_studio.core.comparison.differences import TensorDifference
from ckpt_studio.core.health import Finding
from ckpt_studio.core.lora.recipes import LoraRecipe
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.statistics import TensorStatistics
from ckpt_studio.engine.file_hashes import FileHashes
from ckpt_studio.engine.isolated import isolated
from ckpt_studio.engine.leftovers import leftovers
from ckpt_studio.engine.meaning import meaning_of
from ckpt_studio.engine.npy_saving import NpyOptions, SavedArray
from ckpt_studio.engine.write_options import WriteOptions

_PROGRAM = "ckpt-studio"


def run(argv: list[str]) -> int:
    """Show the window and stay until it is closed; return the exit code."""
    window = create_window(argv)
    interrupt = Interrupt(window)
    window.show()
    code = application().exec()
    return INTERRUPTED if interrupt.asked else code


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
    cache = engine.HashCache()

    def write(
        plan: Plan, options: WriteOptions, progress: ProgressCallback, cancel: CancelToken
    ) -> Report:
        def write_one(one: Plan, how: WriteOptions) -> Report:
            return engine.write_isolated(one, how, progress=progress, cancel=cancel)

        return engine.write_remembering(plan, options, write_one, cache)

    def take_hashes(
        files: Sequence[Path], progress: ProgressCallback, cancel: CancelToken
    ) -> Sequence[FileHashes]:
        return engine.take_hashes(files, cache, progress=progress, cancel=cancel)

    return Verbs(
        open=library.open,
        meant=meaning_of,
        plan=lambda recipe: engine.plan(recipe, library),
        plan_parts=lambda recipe: engine.plan_parts(recipe, library),
        write=write,
        write_together=_write_together,
        hash=take_hashes,
        known_hashes=lambda files: engine.known_hashes(files, cache),
        statistics=_take_statistics,
        look_over=_look_over,
        check=_check_health,
        save_array=_save_array,
        compare_rows=_compare_rows,
        with_ranks=_with_ranks,
    )


def _write_together(
    plans: Sequence[Plan], options: WriteOptions, progress: ProgressCallback, cancel: CancelToken
) -> list[Report]:
    written: list[Report] = isolated(
        "write_together", tuple(plans), options, progress=progress, cancel=cancel
    )
    return written


def _look_over(opened: Opened) -> Sequence[Finding]:
    return engine.look_over(opened)


def _take_statistics(
    checkpoint: Checkpoint,
    names: Sequence[str],
    found: Callable[[TensorStatistics], object],
    progress: ProgressCallback,
    cancel: CancelToken,
) -> None:
    arguments = "stream_statistics", checkpoint, names
    isolated(*arguments, found=found, progress=progress, cancel=cancel)


def _check_health(
    opened: Opened,
    statistics: Sequence[TensorStatistics],
    progress: ProgressCallback,
    cancel: CancelToken,
) -> Sequence[Finding]:
    known = tuple(statistics)
    found: Sequence[Finding] = isolated(
        "check_health", opened, statistics=known, progress=progress, cancel=cancel
    )
    return found


def _save_array(
    checkpoint: Checkpoint,
    name: str,
    path: Path,
    options: NpyOptions,
    *job: Any,  # progress and cancel
) -> SavedArray:
    progress, cancel = job
    return engine.save_npy(checkpoint, name, path, options, progress=progress, cancel=cancel)


def _compare_rows(
    comparison: Comparison,
    rows: Sequence[int],
    found: Callable[[int, TensorDifference], object],
    progress: ProgressCallback,
    cancel: CancelToken,
) -> None:
    engine.compare_rows_isolated(comparison, rows, found=found, progress=progress, cancel=cancel)


def _with_ranks(recipe: LoraRecipe, progress: ProgressCallback, cancel: CancelToken) -> LoraRecipe:
    ranked: LoraRecipe = isolated("with_ranks", recipe, progress=progress, cancel=cancel)
    return ranked


def _icon() -> QIcon:
    picture = QPixmap()
    picture.loadFromData(data_files.read_bytes("icons/ckpt-studio.svg"))
    return QIcon(picture)
