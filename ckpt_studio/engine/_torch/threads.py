"""How many threads torch uses inside one operation."""

import torch


def threads() -> int:
    """Return the number that holds in this thread."""
    return int(torch.get_num_threads())


def set_threads(count: int) -> None:
    """Set the number for this thread and for threads started later."""
    torch.set_num_threads(count)
