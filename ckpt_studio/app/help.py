"""The Help menu: facts of the system to copy, and the About dialog."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from ckpt_studio import __version__
from ckpt_studio.app.actions import Actions
from ckpt_studio.app.system_facts import system_information


def connect_help(window: QWidget, actions: Actions) -> None:
    """Let the actions of the Help menu act."""
    actions.about.triggered.connect(lambda: show_about(window))
    actions.system_information.triggered.connect(
        lambda: QGuiApplication.clipboard().setText(system_information())
    )


def show_about(parent: QWidget) -> None:
    """Say what this is, under which licence, and on what it runs."""
    box = QMessageBox(parent)
    box.setObjectName("aboutBox")
    box.setWindowTitle(box.tr("About Checkpoint Studio"))
    box.setIconPixmap(parent.windowIcon().pixmap(64, 64))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(box.tr("Checkpoint Studio {version}").format(version=__version__))
    box.setInformativeText(
        box.tr(
            "Inspect, edit, assemble and convert diffusion model checkpoints, "
            "without loading them.\n\nMIT License"
        )
    )
    box.setDetailedText(system_information())
    box.exec()
    box.deleteLater()
