"""Templates: sets of keys and values that people put into many files, kept beside the settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QIODevice, QObject, QSaveFile, Signal

from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.json_values.json_text import check

Template = Mapping[str, str]
_MOST_BYTES = 64 << 20


class MetadataTemplates(QObject):
    """The templates by name, in the order they were made; every change is written at once."""

    changed = Signal()

    def __init__(self, file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file

    def all(self) -> dict[str, Template]:
        """Return the templates; a file that cannot be read holds none, see ``mistake``."""
        try:
            return self._read()
        except ValueError:
            return {}

    @property
    def mistake(self) -> str:
        """Why the file cannot be read, in one sentence; ``""`` where it can or there is none."""
        try:
            self._read()
        except ValueError as mistake:
            return str(mistake)
        return ""

    def _read(self) -> dict[str, Template]:
        """Return the templates; values that people wrote as numbers or lists become JSON."""
        try:
            text = self._file.read_text("utf-8-sig") if self._small_enough() else ""
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ValueError(f"{self._file} cannot be read: {error}.") from error
        mistake = check(text) if text.strip() else None
        if mistake:
            where = f"line {mistake.line}, column {mistake.column}"
            raise ValueError(f"{self._file} has a mistake in {where}: {mistake.reason}.")
        content = json.loads(text) if text.strip() else {}
        if not isinstance(content, dict) or not all(isinstance(t, dict) for t in content.values()):
            raise ValueError(f"{self._file} is no object of names with an object of keys each.")
        return {
            name: {key: _as_text(value) for key, value in template.items()}
            for name, template in content.items()
        }

    def _small_enough(self) -> bool:
        if self._file.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        return True

    def save(self, name: str, template: Template) -> None:
        """Add a template, or replace the one of that name.

        Raises:
            WriteError: the file could not be written, or has a mistake; it is what it was.
        """
        self._write({**self._changeable(), name: dict(template)})

    def remove(self, name: str) -> None:
        """Forget a template.

        Raises:
            WriteError: the file could not be written, or has a mistake; it is what it was.
        """
        self._write({key: value for key, value in self._changeable().items() if key != name})

    def _changeable(self) -> dict[str, Template]:
        """Return the templates; what cannot be read is not written over."""
        try:
            return self._read()
        except ValueError as mistake:
            raise WriteError(
                f"The templates could not be saved: {mistake}",
                "Mend the file in a text editor, or move it away.",
            ) from mistake

    def _write(self, templates: Mapping[str, Template]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        file = QSaveFile(str(self._file))
        text = json.dumps(templates, ensure_ascii=False, indent=2)
        if not (
            file.open(QIODevice.OpenModeFlag.WriteOnly)
            and file.write(text.encode("utf-8", "surrogatepass")) >= 0
            and file.commit()
        ):
            raise WriteError(
                f"The templates could not be saved: {file.errorString()}.",
                "Make room on the disk, or check the permissions of the settings folder.",
            )
        self.changed.emit()


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
