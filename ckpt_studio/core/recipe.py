"""What the user chose, as frozen values that can be saved and replayed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from ckpt_studio.core.metadata import Edit
from ckpt_studio.core.plan import OnOverflow
from ckpt_studio.core.tensors import DType


class Precision(StrEnum):
    """How the weights of a part are stored."""

    KEEP = "keep"
    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"
    FP8_E4M3FN = "fp8_e4m3fn"
    FP8_E5M2 = "fp8_e5m2"

    @property
    def dtype(self) -> DType | None:
        """The element type, None for ``keep``."""
        return _DTYPES.get(self)


_DTYPES = {
    Precision.FP32: DType.F32,
    Precision.FP16: DType.F16,
    Precision.BF16: DType.BF16,
    Precision.FP8_E4M3FN: DType.F8_E4M3,
    Precision.FP8_E5M2: DType.F8_E5M2,
}


def _take_paths(recipe: object, *names: str) -> None:
    """Let texts stand for paths, as they do everywhere in Python."""
    for name in names:
        value = getattr(recipe, name)
        if isinstance(value, str):
            object.__setattr__(recipe, name, Path(value))


class Layout(StrEnum):
    """What the output is."""

    FILE = "file"  # one file, or shards of one
    DIFFUSERS = "diffusers"  # a folder with a file for each part
    PARTS = "parts"  # each part by itself, below a folder, where ComfyUI looks for it


@dataclass(frozen=True, slots=True)
class Output:
    """Where the result goes: a path, or ComfyUI's prefix below a folder (``comfyui.md`` 1.5).

    The ending of the path chooses the container. ``shard_bytes`` is the most data that one file
    of a set holds; with 0 everything goes into one file. With the layout PARTS the path is a folder
    and ``names`` maps a part to its file below it; "" leaves the part out.
    """

    path: Path | None = None
    prefix: str = "checkpoints/ComfyUI"
    folder: Path | None = None
    overwrite: bool = False
    layout: Layout = Layout.FILE
    shard_bytes: int = 0
    names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Accept texts as paths."""
        _take_paths(self, "path", "folder")


@dataclass(frozen=True, slots=True)
class MetadataChoice:
    """What goes into the header besides the tensors.

    ``prompt`` and the values of ``extra_pnginfo`` are JSON texts, as CheckpointSave writes them.
    ``edits`` are applied last, in order. ``keep`` carries over the metadata of the base file.
    """

    prompt: str = ""
    extra_pnginfo: Mapping[str, str] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    recipe: bool = False


@dataclass(frozen=True, slots=True)
class Assemble:
    """Save one checkpoint from parts. Parts not named come from ``base``, where it is given.

    ``precision`` maps a part (``unet``, ``vae``, ``clip_l``, …), the group ``te`` for all text
    encoders, or ``*`` for everything, to a precision; the most exact name wins. With ``ema`` the
    averaged weights of a training checkpoint are taken for the diffusion model.
    """

    model: Path | None = None
    text_encoders: tuple[Path, ...] = ()
    vae: Path | None = None
    clip_vision: Path | None = None
    base: Path | None = None
    target: str | None = None
    prediction: str | None = None
    precision: Mapping[str, Precision] = field(default_factory=dict)
    on_overflow: OnOverflow = OnOverflow.ERROR
    allow_missing: bool = False
    ema: bool = False
    metadata: MetadataChoice = field(default_factory=MetadataChoice)
    output: Output = field(default_factory=Output)

    def __post_init__(self) -> None:
        """Accept texts as paths."""
        _take_paths(self, "model", "vae", "clip_vision", "base")
        object.__setattr__(self, "text_encoders", tuple(map(Path, self.text_encoders)))

    @property
    def sources(self) -> tuple[Path, ...]:
        """All files that are named, each once."""
        paths = (self.model, *self.text_encoders, self.vae, self.clip_vision, self.base)
        return tuple(dict.fromkeys(path for path in paths if path is not None))


@dataclass(frozen=True, slots=True)
class Convert:
    """Write the same tensors of one file in another precision.

    ``drop`` names tensors to leave out, ``prune`` leaves out what training left behind (EMA
    weights, noise schedules, …), ``fix_position_ids`` writes the numbers of positions anew.
    """

    source: Path
    precision: Mapping[str, Precision] = field(default_factory=dict)
    on_overflow: OnOverflow = OnOverflow.ERROR
    metadata: MetadataChoice = field(default_factory=MetadataChoice)
    output: Output = field(default_factory=Output)
    drop: tuple[str, ...] = ()
    prune: bool = False
    fix_position_ids: bool = False

    def __post_init__(self) -> None:
        """Accept texts as paths."""
        _take_paths(self, "source")


@dataclass(frozen=True, slots=True)
class Extract:
    """Write one part of a file in its standalone form; one recipe for each part and file.

    ``target``, ``prediction`` and ``ema`` are those of ``Assemble``; they matter to the diffusion
    model alone, whose markers follow them.
    """

    source: Path
    part: str
    precision: Mapping[str, Precision] = field(default_factory=dict)
    on_overflow: OnOverflow = OnOverflow.ERROR
    metadata: MetadataChoice = field(default_factory=MetadataChoice)
    output: Output = field(default_factory=Output)
    target: str | None = None
    prediction: str | None = None
    ema: bool = False

    def __post_init__(self) -> None:
        """Accept texts as paths."""
        _take_paths(self, "source")


@dataclass(frozen=True, slots=True)
class EditMetadata:
    """Write the same file with other metadata; every data byte and the tensor order stay."""

    source: Path
    edits: tuple[Edit, ...] = ()
    output: Output = field(default_factory=Output)

    def __post_init__(self) -> None:
        """Accept texts as paths."""
        _take_paths(self, "source")


@dataclass(frozen=True, slots=True)
class LoraUse:
    """A LoRA to bake in, with a strength for the diffusion model and one for text encoders.

    ``te_strength`` None is the same strength. ``blocks`` are factors for the blocks of the
    partition of the merge; without them every block takes the whole strength.
    """

    path: Path
    strength: float = 1.0
    te_strength: float | None = None
    blocks: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Accept texts as paths."""
        _take_paths(self, "path")


MERGED = "merge"
"""What ``Merge.parts`` says of a part that is computed; else the letter of a model: a, b, c, …"""


@dataclass(frozen=True, slots=True)
class NameRule:
    """Other values of parameters for the tensors whose names match a pattern, the last rule wins.

    The pattern is a text that the name contains, or one with ``*`` and ``?`` for all of it.
    """

    pattern: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Merge:
    """Compute a model from others of its family: the first gives layout, names and metadata.

    ``method`` and the names of ``parameters`` are ids of ``core.merging.methods``. ``blocks`` gives
    a parameter one value for each block of ``partition`` ("" is the usual one of the family).
    ``parts`` says of a part which model gives it; those not named are merged, the VAE is taken from
    A. ``names`` are what sources are called in the metadata where that is not the name of the file;
    ``hashes`` the SHA-256 that sources have to have, by these names: a recipe that was taken from a
    checkpoint brings both. ``part_values`` are other values of parameters for a part, ``te`` for
    all text encoders. The order of precedence is: rule, block, part, parameter. ``vae`` replaces
    the VAE; ``adjust`` are the eight numbers of the post step (``merging.md`` 2.2).
    """

    models: tuple[Path, ...]
    method: str = "weighted_sum"
    parameters: Mapping[str, float] = field(default_factory=dict)
    blocks: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    partition: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    part_values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    rules: tuple[NameRule, ...] = ()
    loras: tuple[LoraUse, ...] = ()
    vae: Path | None = None
    adjust: tuple[float, ...] = ()
    seed: int = 0
    names: Mapping[Path, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    precision: Mapping[str, Precision] = field(default_factory=dict)
    on_overflow: OnOverflow = OnOverflow.ERROR
    prune: bool = False
    metadata: MetadataChoice = field(default_factory=MetadataChoice)
    output: Output = field(default_factory=Output)

    def __post_init__(self) -> None:
        """Accept texts as paths."""
        _take_paths(self, "vae")
        object.__setattr__(self, "models", tuple(map(Path, self.models)))

    @property
    def sources(self) -> tuple[Path, ...]:
        """All files that are named, each once: models, VAE, LoRAs."""
        paths = (*self.models, self.vae, *(lora.path for lora in self.loras))
        return tuple(dict.fromkeys(path for path in paths if path is not None))


Recipe = Assemble | Convert | Extract | EditMetadata | Merge


def precision_for(choices: Mapping[str, Precision], part: str, *, text_encoder: bool) -> Precision:
    """Return the precision chosen for a part: by its own name, its group, or for everything."""
    for key in (part, "te" if text_encoder else "", "*"):
        if key in choices:
            return choices[key]
    return Precision.KEEP
