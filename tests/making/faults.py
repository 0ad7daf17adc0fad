"""File calls that fail, wait or meddle, to show what a save does then."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ckpt_studio.formats.files import Files

CALLS = [name for name in vars(Files) if not name.startswith("_")]


class Watched(Files):
    """Calls ``before(name, number)`` in front of every file call; it may raise."""

    def __init__(self, before: Callable[[str, int], None], *, named: bool = False) -> None:
        self.count = 0
        self.names: list[str] = []
        self._before = before
        self._named = named
        self._lock = threading.Lock()
        for name in CALLS:
            setattr(self, name, self._wrapped(name, getattr(self, name)))

    def _wrapped(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any) -> Any:
            with self._lock:
                self.count += 1
                self.names.append(name)
                number = self.count
            try:
                self._before(name, number)
            finally:
                if name == "close":  # a close that reports an error has closed all the same
                    call(*arguments)
            if name == "close" or (self._named and name == "create_unnamed"):
                return None
            return call(*arguments)

        return watched


def counting(*, named: bool = False) -> Watched:
    return Watched(lambda _name, _number: None, named=named)


def failing(at: int, code: int, *, named: bool = False) -> Watched:
    """The call with that number fails with an errno."""

    def fail(_name: str, number: int) -> None:
        if number == at:
            raise OSError(code, os.strerror(code))

    return Watched(fail, named=named)


def meddling(call: str, act: Callable[[], object], *, named: bool = False) -> Watched:
    """Something else happens, once, right before the first such call."""
    done: list[bool] = []

    def meddle(name: str, _number: int) -> None:
        if name == call and not done:
            done.append(True)
            act()

    return Watched(meddle, named=named)


@contextmanager
def nothing_new_in(folder: Path) -> Iterator[None]:
    """Fails when names in a folder appear or go, or their content changes."""
    before = contents(folder)
    yield
    assert contents(folder) == before


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
