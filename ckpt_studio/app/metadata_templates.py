"""Templates: sets of keys and values that people put into many files, kept beside the settings."""

import json
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QIODevice, QObject, QSaveFile, Signal

from ckpt_studio.core.errors import WriteError

Template = Mapping[str, str]
_MOST_BYTES = 64 << 20


class MetadataTemplates(QObject):
    """The templates by name, in the order they were made; every change is written at once."""

    changed = Signal()

    def __init__(self, file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file

    def all(self) -> dict[str, Template]:
        """Return the templates; a file that cannot be read holds none."""
        try:
            if self._file.stat().st_size > _MOST_BYTES:
                return {}
            content = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(content, dict):
            return {}
        return {
            name: {str(key): str(value) for key, value in template.items()}
            for name, template in content.items()
            if isinstance(template, dict)
        }

    def save(self, name: str, template: Template) -> None:
        """Add a template, or replace the one of that name.

        Raises:
            WriteError: it could not be written; the templates are what they were.
        """
        self._write({**self.all(), name: dict(template)})

    def remove(self, name: str) -> None:
        """Forget a template.

        Raises:
            WriteError: it could not be written; the templates are what they were.
        """
        self._write({key: value for key, value in self.all().items() if key != name})

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
