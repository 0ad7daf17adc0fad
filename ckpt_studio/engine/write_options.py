"""What else to do while a plan is carried out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What else to do: hashes of the result, reading it back; ``threads`` 0 is one a core.

    ``keep_date`` gives the result the date of the first source. ``known_data`` is the SHA-256 of
    the data of a source that keeps them, where it is known; it need not be taken again then.
    """

    hashes: bool = False
    verify: bool = False
    threads: int = 0
    keep_date: bool = False
    known_data: str = ""
