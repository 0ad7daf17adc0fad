"""Asks where a text or other content goes, and saves it there whole or not at all."""

from pathlib import Path

from PySide6.QtCore import QIODevice, QSaveFile
from PySide6.QtWidgets import QWidget

from ckpt_studio.core.errors import WriteError
from ckpt_studio.qt.save_dialog import ask_for_file


def save_text(parent: QWidget, title: str, suggested: Path, text: str) -> Path | None:
    """Return the file that a text was written to, None when the user changed their mind.

    Raises:
        WriteError: when it could not be written; a file that stood there still stands.
    """
    return save_bytes(parent, title, suggested, text.encode("utf-8", "surrogatepass"))


def save_bytes(parent: QWidget, title: str, suggested: Path, content: bytes) -> Path | None:
    """Return the file that was written, None when the user changed their mind.

    Raises:
        WriteError: when it could not be written; a file that stood there still stands.
    """
    ending = suggested.suffix
    path = ask_for_file(parent, title, suggested, ending[1:].upper(), (ending,))
    if path is None:
        return None
    file = QSaveFile(str(path))
    if not (
        file.open(QIODevice.OpenModeFlag.WriteOnly) and file.write(content) >= 0 and file.commit()
    ):
        raise WriteError(
            f"{path.name} could not be written: {file.errorString()}.", "Choose another folder."
        )
    return path
