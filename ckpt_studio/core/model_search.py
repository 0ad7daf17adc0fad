"""What a slot can take, in groups, and which of it answers the words that are typed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.model_folders import Model
from ckpt_studio.core.programs import Kind, kind_of_part


@dataclass(frozen=True, slots=True)
class Choice:
    """A file that can be chosen: its name, where it is, its size where that is known.

    ``reason`` says why it does not fit; it is shown, and cannot be chosen then. ``current`` marks
    the one that is chosen now.
    """

    path: Path
    name: str
    place: str
    bytes: int | None = None
    reason: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Choices under a heading."""

    title: str
    choices: tuple[Choice, ...]


Row = str | Choice


class Search:
    """Finds choices by words, in milliseconds for thousands of them."""

    def __init__(self, groups: Iterable[Group]) -> None:
        """Prepare the texts to look in."""
        self._groups = [
            (
                group.title,
                [(f"{each.name}\n{each.place}".casefold(), each) for each in group.choices],
            )
            for group in groups
        ]

    def rows(self, typed: str) -> Sequence[Row]:
        """Return the headings and choices in order whose name or place has all words in it."""
        words = typed.casefold().split()
        result: list[Row] = []
        for title, choices in self._groups:
            kept = [choice for text, choice in choices if all(word in text for word in words)]
            if kept:
                result += [title, *kept]
        return result


def fitting(models: Iterable[Model], part: str) -> tuple[list[Model], list[Model], list[Model]]:
    """Return the models for a slot: of its kind, whole checkpoints, and those of unknown kind."""
    wanted = kind_of_part(part)
    of_kind, whole, unknown = list[Model](), list[Model](), list[Model]()
    for model in models:
        if model.kind is wanted:
            of_kind.append(model)
        elif model.kind is Kind.CHECKPOINT:
            whole.append(model)
        elif model.kind is Kind.UNKNOWN:
            unknown.append(model)
    return of_kind, whole, unknown
