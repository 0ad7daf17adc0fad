"""What a command is: its words in ``--help``, its arguments, and the answer it gives."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ckpt_studio.core.errors import CkptStudioError

Json = dict[str, Any]


class UsageError(Exception):
    """The command line itself is wrong; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found or did: one object for machines, a text for people.

    ``error`` is set when there is something to show although the job was refused; ``saved`` names
    the files that were written.
    """

    document: Json
    text: Callable[[], str]
    error: CkptStudioError | None = None
    saved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One verb of the command line."""

    example: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], Answer]
