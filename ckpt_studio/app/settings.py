"""Every setting, its type and its default, in one place."""

from pathlib import Path
from typing import Generic, Self, TypeVar, cast, overload

from PySide6.QtCore import QByteArray, QSettings

T = TypeVar("T", str, int, bool, QByteArray)
RECENT_LIMIT = 15
LAST_FOLDER = "last"


class Setting(Generic[T]):
    """A typed value kept in QSettings."""

    def __init__(self, key: str, default: T) -> None:
        self._key = key
        self._default: T = default

    @overload
    def __get__(self, owner: None, kind: type, /) -> Self: ...
    @overload
    def __get__(self, owner: "Settings", kind: type, /) -> T: ...
    def __get__(self, owner: "Settings | None", kind: type, /) -> "Self | T":
        """Read the value, or the default."""
        if owner is None:
            return self
        return cast("T", owner.store.value(self._key, self._default, type(self._default)))

    def __set__(self, owner: "Settings", value: T, /) -> None:
        """Write the value."""
        owner.store.setValue(self._key, value)


class Settings:
    """What the program remembers between runs, in one readable file."""

    geometry = Setting("window/geometry", QByteArray())
    panel = Setting("window/panel", 0)
    theme = Setting("window/theme", "system")
    details = Setting("window/details", False)
    source_folder = Setting("folders/source", "")
    output_folder = Setting("folders/output", "")
    image_folder = Setting("folders/image", "")
    save_to = Setting("folders/save_to", "")  # "" the first program's, LAST_FOLDER, or a location
    verify = Setting("saving/verify", True)
    hashes = Setting("saving/hashes", True)
    skip_usual_plan = Setting("saving/skip_usual_plan", False)
    preset_file = Setting("merging/presets", "")
    edit_hashes = Setting("saving/edit_hashes", True)
    skip_usual_edit = Setting("saving/skip_usual_edit", False)

    def __init__(self, store: QSettings | None = None) -> None:
        self.store = store or QSettings(
            QSettings.Format.IniFormat,
            QSettings.Scope.UserScope,
            "ckpt-studio",
            "ckpt-studio",
        )

    @property
    def job_history(self) -> Path:
        """The file that keeps the jobs of earlier starts."""
        return Path(self.store.fileName()).with_name("jobs.jsonl")

    @property
    def template_file(self) -> Path:
        """Where templates for metadata are kept."""
        return Path(self.store.fileName()).with_name("templates.json")

    @property
    def recovery_folder(self) -> Path:
        """Where what is not saved yet is kept in case the program ends by accident."""
        return Path(self.store.fileName()).with_name("unsaved")

    @property
    def recent_files(self) -> tuple[Path, ...]:
        """The files opened last, newest first; those that are gone included."""
        return self._paths("files/recent")

    def add_recent(self, path: Path) -> None:
        """Put a file first in the list."""
        others = (known for known in self.recent_files if known != path)
        self.store.setValue("files/recent", [str(each) for each in (path, *others)][:RECENT_LIMIT])

    def clear_recent(self) -> None:
        """Forget the files opened last."""
        self.store.remove("files/recent")

    @property
    def model_folders(self) -> tuple[Path, ...]:
        """The folders and lists that models are looked for in, in the order of the user."""
        return self._paths("folders/models")

    @model_folders.setter
    def model_folders(self, paths: tuple[Path, ...]) -> None:
        self.store.setValue("folders/models", [str(path) for path in paths])

    def _paths(self, key: str) -> tuple[Path, ...]:
        """Return a list of paths; a file with one entry gives it as a text."""
        value = self.store.value(key, [])
        texts = [value] if isinstance(value, str) else cast("list[str]", value or [])
        return tuple(Path(text) for text in texts if text)
