"""The verbs of the engine as the window uses them; tests put others in their place."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.recipe import Assemble, Recipe
from ckpt_studio.core.recognition import Opened
from ckpt_studio.engine.hashing import Hashes
from ckpt_studio.engine.meaning import Meaning
from ckpt_studio.engine.separating import SeparatePlans
from ckpt_studio.engine.writing import WriteOptions

Open = Callable[[Path], Opened]
Meant = Callable[[Path, CancelToken], Meaning]
MakePlan = Callable[[Recipe], Plan]
MakePlans = Callable[[Assemble], SeparatePlans]
Hash = Callable[[Path, ProgressCallback, CancelToken], Hashes]
Write = Callable[[Plan, WriteOptions, ProgressCallback, CancelToken], Report]


@dataclass(frozen=True, slots=True)
class Verbs:
    """What a path stands for, open a file, plan a recipe or each of its parts, write, hash."""

    open: Open
    meant: Meant
    plan: MakePlan
    plan_parts: MakePlans
    write: Write
    hash: Hash
