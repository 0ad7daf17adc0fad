"""Names of several files on screen, with as much of their folders as tells them apart."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath


def told_apart(names: Sequence[str], places: Sequence[PurePath | None]) -> list[str]:
    """Return the names; where several are alike, with the folders they need before them.

    ``places`` are the paths of the files, None for what is no file and is known by its name alone.
    """
    shown, depth = list(names), 0
    while alike := _alike(shown, places, depth):
        depth += 1
        for index in alike:
            place = places[index]
            if place is not None:
                folders = place.parts[-1 - depth : -1]
                shown[index] = str(PurePath(*folders, names[index]))
    return shown


def _alike(shown: Sequence[str], places: Sequence[PurePath | None], depth: int) -> list[int]:
    """Return the numbers of those that look like another one and have more to say."""
    times = Counter(shown)
    return [
        index
        for index, place in enumerate(places)
        if place is not None and times[shown[index]] > 1 and len(place.parts) > depth + 1
    ]
