"""How a picture was generated, whichever program made it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ckpt_studio.core.problems import Problem

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """Prompts, parameters and graphs of a picture; every text is ``""`` where there is none.

    ``program`` names who wrote it. ``parameters`` are in the order of the program, with the names
    of A1111 for what most have: Steps, Sampler, Schedule type, CFG scale, Seed, Size, Model, VAE,
    Denoising strength. ``workflow`` is a graph as ComfyUI's window has it, ``prompt`` one as its
    API has it; ``extra`` are further JSON texts that ComfyUI saves beside them. All three are
    compact JSON without NaN. ``infotext`` is the text of A1111, as it was or as ComfyUI reads it.
    ``texts`` are all texts of the picture as they were.
    """

    program: str = ""
    positive: str = ""
    negative: str = ""
    parameters: Parameters = ()
    workflow: str = ""
    prompt: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    infotext: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is anything that tells how the picture was made."""
        return any(
            (self.positive, self.negative, self.parameters, self.workflow, self.prompt, self.extra)
        )


@dataclass(frozen=True, slots=True)
class Said:
    """What one program's own texts say: the part of GenerationInfo that it fills.

    ``infotext`` is the text of A1111 that says it, as it was; ``""`` where another text does.
    """

    program: str
    positive: str = ""
    negative: str = ""
    parameters: Parameters = ()
    problems: tuple[Problem, ...] = ()
    infotext: str = ""
