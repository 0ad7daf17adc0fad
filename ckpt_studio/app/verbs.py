"""The verbs of the engine as the window uses them; tests put others in their place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.comparison.comparing import Comparison
from ckpt_studio.core.comparison.differences import TensorDifference
from ckpt_studio.core.health import Finding
from ckpt_studio.core.lora.recipes import LoraRecipe
from ckpt_studio.core.plan import Plan, Report
from ckpt_studio.core.progress import CancelToken, ProgressCallback
from ckpt_studio.core.recipe import Assemble, Recipe
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.statistics import TensorStatistics
from ckpt_studio.engine.file_hashes import FileHashes
from ckpt_studio.engine.meaning import Meaning
from ckpt_studio.engine.npy_saving import NpyOptions, SavedArray
from ckpt_studio.engine.separate_plans import SeparatePlans
from ckpt_studio.engine.write_options import WriteOptions

Open = Callable[[Path], Opened]
Meant = Callable[[Path, CancelToken], Meaning]
MakePlan = Callable[[Recipe | LoraRecipe], Plan]
MakePlans = Callable[[Assemble], SeparatePlans]
Hash = Callable[[Sequence[Path], ProgressCallback, CancelToken], Sequence[FileHashes]]
KnownHashes = Callable[[Sequence[Path]], Sequence[FileHashes] | None]
Write = Callable[[Plan, WriteOptions, ProgressCallback, CancelToken], Report]
WriteTogether = Callable[
    [Sequence[Plan], WriteOptions, ProgressCallback, CancelToken], list[Report]
]
TakeStatistics = Callable[
    [
        Checkpoint,
        Sequence[str],
        Callable[[TensorStatistics], object],
        ProgressCallback,
        CancelToken,
    ],
    object,
]
LookOver = Callable[[Opened], Sequence[Finding]]
CheckHealth = Callable[
    [Opened, Sequence[TensorStatistics], ProgressCallback, CancelToken], Sequence[Finding]
]
SaveArray = Callable[[Checkpoint, str, Path, NpyOptions, ProgressCallback, CancelToken], SavedArray]
CompareRows = Callable[
    [
        Comparison,
        Sequence[int],
        Callable[[int, TensorDifference], object],
        ProgressCallback,
        CancelToken,
    ],
    object,
]
WithRanks = Callable[[LoraRecipe, ProgressCallback, CancelToken], LoraRecipe]


@dataclass(frozen=True, slots=True)
class Verbs:
    """What a path stands for, open a file, plan a recipe or each of its parts, write, hash.

    ``write_together`` writes several plans in one pass over what they share; ``with_ranks``
    measures which ranks a LoRA needs to keep its share of the changes. ``known_hashes`` reads no
    file for the hashes that were taken before, and returns None unless it has them all.
    Of the values: statistics of tensors as they are found, a look at the header for what may be
    wrong, a check of everything, one tensor as a ``.npy`` file, rows of two files beside each
    other.
    """

    open: Open
    meant: Meant
    plan: MakePlan
    plan_parts: MakePlans
    write: Write
    write_together: WriteTogether
    hash: Hash
    known_hashes: KnownHashes
    statistics: TakeStatistics
    look_over: LookOver
    check: CheckHealth
    save_array: SaveArray
    compare_rows: CompareRows
    with_ranks: WithRanks
