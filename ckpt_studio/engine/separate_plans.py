"""What a recipe for parts as separate files writes."""

from dataclasses import dataclass

from ckpt_studio.core.assembly.separate_files import PartFile
from ckpt_studio.core.plan import Plan


@dataclass(frozen=True, slots=True)
class SeparatePlans:
    """What a recipe with the layout PARTS writes.

    ``files`` are all parts, those left out included; ``plans`` are carried out one after the
    other; ``whole`` shows all of them in one and is not to be written.
    """

    files: tuple[PartFile, ...]
    plans: tuple[Plan, ...]
    whole: Plan
