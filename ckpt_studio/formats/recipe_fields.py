"""Take the fields of a JSON object one by one, each checked, and refuse those nobody asked for."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, TypeGuard

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.recipe import Precision


def _is_real(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


class Fields:
    """The fields of one object; each reader takes a field away, ``finish`` refuses the rest."""

    def __init__(self, values: Mapping[str, object], where: str, folder: Path) -> None:
        self._values = dict(values)
        self._where = where
        self._folder = folder

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def number(self, name: str, *, default: int | None = None) -> int:
        """Take a whole number.

        Raises:
            FormatError: it is something else, as with every other reader.
        """
        value = self._values.pop(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            self._refuse(name, "a whole number")
        return value

    def text(self, name: str, *, default: str = "") -> str:
        """Take a text."""
        value = self._values.pop(name, default)
        if not isinstance(value, str):
            self._refuse(name, "a text")
        return value

    def word(self, name: str, choices: tuple[str, ...], *, default: str = "") -> str:
        """Take one of the words allowed."""
        value = self.text(name, default=default)
        if value not in choices:
            self._refuse(name, f"one of {', '.join(choices)}")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """Take a list of texts."""
        value = self._values.pop(name, [])
        if not isinstance(value, list):
            self._refuse(name, "a list of texts")
        if not all(isinstance(item, str) for item in value):
            self._refuse(name, "a list of texts")
        return tuple(value)

    def texts(self, name: str) -> dict[str, str]:
        """Take an object whose values are texts."""
        value = self._mapping(name)
        texts = {key: text for key, text in value.items() if isinstance(text, str)}
        if len(texts) != len(value):
            self._refuse(name, "an object with texts as values")
        return texts

    def real(self, name: str, *, default: float | None = None) -> float:
        """Take a finite number."""
        value = self._values.pop(name, default)
        if not _is_real(value):
            self._refuse(name, "a number")
        return value

    def reals(self, name: str) -> tuple[float, ...]:
        """Take a list of finite numbers."""
        value = self._values.pop(name, [])
        if not isinstance(value, list) or not all(map(_is_real, value)):
            self._refuse(name, "a list of numbers")
        return tuple(value)

    def named_reals(self, name: str) -> dict[str, float]:
        """Take an object whose values are finite numbers."""
        value = self._mapping(name)
        numbers = {key: number for key, number in value.items() if _is_real(number)}
        if len(numbers) != len(value):
            self._refuse(name, "an object with numbers as values")
        return numbers

    def named_numbers(self, name: str) -> dict[str, int]:
        """Take an object whose values are whole numbers from 0."""
        value = self._mapping(name)
        found = {key: number for key, number in value.items() if _is_count(number)}
        if len(found) != len(value):
            self._refuse(name, "an object with whole numbers as values")
        return found

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields that no reader took yet."""
        return tuple(self._values)

    def flag(self, name: str) -> bool:
        """Take true or false."""
        value = self._values.pop(name, False)
        if not isinstance(value, bool):
            self._refuse(name, "true or false")
        return value

    def path(self, name: str) -> Path | None:
        """Take a path; a relative one counts from the folder of the recipe."""
        text = self.text(name)
        return self._folder / text if text else None

    def resolved(self, text: str) -> Path:
        """Return a path of the recipe, which counts from its folder."""
        return self._folder / text

    def needed_path(self, name: str) -> Path:
        """Take a path that has to be there."""
        path = self.path(name)
        if path is None:
            self._refuse(name, "the path of a file")
        return path

    def paths(self, name: str) -> tuple[Path, ...]:
        """Take a list of paths."""
        return tuple(self._folder / text for text in self.words(name))

    def precision(self, name: str) -> dict[str, Precision]:
        """Take an object that maps parts to precisions."""
        texts = self.texts(name)
        known = {str(choice): choice for choice in Precision}
        if any(text not in known for text in texts.values()):
            self._refuse(name, f"an object with {', '.join(known)} as values")
        return {part: known[text] for part, text in texts.items()}

    def inner(self, name: str) -> "Fields":
        """Take an object inside this one; an empty one where there is none."""
        return Fields(self._mapping(name), self._where, self._folder)

    def objects(self, name: str) -> tuple["Fields", ...]:
        """Take a list of objects."""
        value = self._values.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._refuse(name, "a list of objects")
        return tuple(Fields(item, self._where, self._folder) for item in value)

    def finish(self) -> None:
        """Refuse fields that no reader took: a recipe that is half understood must not run."""
        if self._values:
            names = ", ".join(f"‘{name}’" for name in self._values)
            raise FormatError(
                f"{self._where} has fields this version does not know: {names}.",
                "Check the spelling, or update Checkpoint Studio.",
            )

    def _mapping(self, name: str) -> dict[str, object]:
        value = self._values.pop(name, {})
        if not isinstance(value, dict):
            self._refuse(name, "an object")
        return value

    def _refuse(self, name: str, wanted: str) -> NoReturn:
        raise FormatError(f"{self._where}: ‘{name}’ should be {wanted}.")
