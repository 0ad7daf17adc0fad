"""Find the tensors of a model that the modules of a LoRA change, whatever program named them.

Names are built from the model and looked up, never taken apart: underscores in the names of
kohya's programs stand for dots and for themselves (``merging.md`` 4.1).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.lora.modules import Module, Target
from ckpt_studio.core.lora.spellings import Names, native, others, underscored

Shapes = Mapping[str, tuple[int, ...]]

UNET = "unet"

_OWN_FIRST = (
    *("lora_unet_", "oft_unet_", "lora_prior_unet_"),
    *("diffusion_model.", "model.diffusion_model.", "model_diffusion_model_", ""),
)
_DIFFUSERS_FIRST = ("lora_transformer_", "lycoris_", "unet.", "transformer.", "prior.")
_WRAPPERS = ("base_model.model.", "unet.base_model.model.", "transformer.base_model.model.")
_FIRST_ENCODER = ("lora_te_", "lora_te1_", "oft_te_", "oft_te1_", "text_encoder.", "lora_prior_te_")
_NUMBERED = (("lora_te", "_"), ("oft_te", "_"), ("text_encoder_", "."))
_MOST_ENCODERS = 4
_INNER = ("transformer.", "")
_Head = tuple[str, str, bool]
_WEIGHTS = ("_weight", "_scale", "")


@dataclass(frozen=True, slots=True)
class Matched:
    """Which module changes which tensor; ``unmatched`` are names of modules without a tensor."""

    targets: tuple[tuple[Target, Module], ...]
    unmatched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spellings:
    """The names of a part's tensors: ComfyUI's own, and those of other programs."""

    own: Names
    other: Names

    def tables(self, *, own_first: bool) -> tuple[Names, Names]:
        """Return both in the order in which they are looked at."""
        return (self.own, self.other) if own_first else (self.other, self.own)


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names of all parts, and what module names begin with."""

    parts: Mapping[str, Spellings]
    heads: tuple[_Head, ...]


def match(
    modules: Sequence[Module], parts: Mapping[str, Shapes], architecture: str | None
) -> Matched:
    """Return the tensors that the modules change.

    ``parts`` maps a part to the shapes of its tensors under ComfyUI's names, ``architecture`` is
    the id of the model family: without it only ComfyUI's own names and those of text encoders are
    known.
    """
    return match_names(modules, known_names(parts, architecture))


def known_names(parts: Mapping[str, Shapes], architecture: str | None) -> KnownNames:
    """Return every name that the tensors of a model have anywhere."""
    encoders = _encoders(parts, architecture)
    known = {
        part: Spellings(native(part, shapes), others(part, shapes, architecture))
        for part, shapes in parts.items()
        if part == UNET or part in encoders
    }
    return KnownNames(known, _heads(encoders))


def match_names(modules: Sequence[Module], names: KnownNames) -> Matched:
    """Return the tensors that the modules change, of a model whose names are known."""
    targets: list[tuple[Target, Module]] = []
    unmatched: list[str] = []
    for module in modules:
        target = _find(module, names)
        if target is None or (module.rows and (target.rows or target.swapped)):
            unmatched.append(module.name)
        else:
            own = replace(target, rows=module.rows) if module.rows else target
            targets.append((own, module))
    return Matched(tuple(targets), tuple(dict.fromkeys(unmatched)))


def _encoders(parts: Mapping[str, Shapes], architecture: str | None) -> tuple[str, ...]:
    """Return the text encoders in the order in which programs number them."""
    if architecture is not None and family(architecture).text_encoders:
        return tuple(family(architecture).text_encoders)
    others_last = ("vae", "clip_vision", UNET)
    found = [part for part in parts if part not in others_last]
    return tuple(sorted(found, key=lambda part: (part != "clip_l", part != "clip_g", part)))


def _find(module: Module, names: KnownNames) -> Target | None:
    ends = ("_bias",) if module.kind == "diff_b" else _WEIGHTS
    for part, rest, own_first in _readings(plain_name(module.name), names.heads):
        found_part = names.parts.get(part)
        tables = found_part.tables(own_first=own_first) if found_part else ()
        for name in (underscored(rest) + end for end in ends):
            found = next((table[name] for table in tables if name in table), None)
            if found is not None:
                return found
    return None


def plain_name(name: str) -> str:
    """Return a name without the attention processors that diffusers once kept LoRAs in."""
    if ".processor." not in name:
        return name
    name = name.replace(".processor.", ".")
    return name + ".0" if name.endswith(".to_out") else name


def _readings(name: str, heads: Sequence[_Head]) -> Iterator[tuple[str, str, bool]]:
    """Give every part and name within it that a name may mean, and whose spelling comes first."""
    for wrapper in _WRAPPERS:
        if name.startswith(wrapper):
            yield UNET, name.removeprefix(wrapper), False
            yield from _readings(name.removeprefix(wrapper), heads)
    for start, part, own_first in heads:
        if name.startswith(start):
            # Some programs write two underscores here.
            yield part, name.removeprefix(start).lstrip("_"), own_first


def _heads(encoders: Sequence[str]) -> tuple[_Head, ...]:
    """Return what names begin with, the part that it means, and whose spelling comes first."""
    heads = [(start, UNET, True) for start in _OWN_FIRST]
    heads += [(start, UNET, False) for start in _DIFFUSERS_FIRST]
    for encoder in encoders:
        starts = (f"text_encoders.{encoder}.", f"{encoder}.")
        heads += [(start + inner, encoder, True) for start in starts for inner in _INNER]
    if encoders:
        heads += [(start, encoders[0], True) for start in _FIRST_ENCODER]
    for number in range(2, _MOST_ENCODERS + 1) if encoders else ():
        # SDXL's refiner has only the second encoder of SDXL; kohya's T5 of Flux is the third.
        encoder = encoders[min(number, len(encoders)) - 1]
        heads += [(f"{start}{number}{end}", encoder, True) for start, end in _NUMBERED]
    return tuple(heads)
