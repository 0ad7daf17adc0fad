"""Model families and the parts they are made of, read from the data files in ``resources``.

A family is one file in ``resources/architectures``; parts that several families share (text
encoders, VAEs) are files in ``resources/components``. A family may name another as its ``base``
and then says only what differs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ckpt_studio.core.expr import Expr
from ckpt_studio.core.families import family_files
from ckpt_studio.core.families.family_files import FAMILIES, PARTS
from ckpt_studio.core.families.key_pattern import KeyPattern, key_pattern
from ckpt_studio.core.families.renames import Rule, apply_rules, inverse, parse_rules
from ckpt_studio.core.families.templates import Arguments, Lines, Modules, Spec, parse_spec


@dataclass(frozen=True, slots=True)
class Form:
    """A spelling of a part's keys, and how to see that a file uses it.

    ``anchor`` is the end of a key; what stands before it is the part's prefix. ``signature`` maps
    keys below the prefix to shapes, ``absent`` are starts of keys that must not be there. ``own``
    are the starts of the keys that belong to the part; where it is empty, all below the prefix do.
    ``without`` are keys of the model that this spelling does not hold, ``warning`` says so where
    something is lost.
    """

    name: str
    anchor: str
    signature: Mapping[str, Spec]
    absent: tuple[str, ...]
    rules: tuple[Rule, ...]
    own: tuple[str, ...] = ()
    without: tuple[KeyPattern, ...] = ()
    warning: str = ""

    def spelled(self, tensors: Mapping[str, Expr]) -> dict[str, Expr]:
        """Return the tensors of a part, under ComfyUI's names, as this form names them."""
        held = {
            name: expr
            for name, expr in tensors.items()
            if not any(pattern.match(name) for pattern in self.without)
        }
        return apply_rules(inverse(self.rules), held)


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a model: its tensors in ComfyUI's spelling, and the forms it comes in.

    ``ignored`` maps starts of keys that files hold and models do not need to the reason,
    ``stand_ins`` starts of keys that files may lack to the start of those that are used instead.
    ``diffusers`` says what the part is in a diffusers folder, as ``diffusers_layout`` reads it.
    """

    id: str
    part: str
    name: str
    lines: Lines
    arguments: Arguments
    ignored: Mapping[str, str]
    stand_ins: Mapping[str, str]
    forms: tuple[Form, ...]
    diffusers: Mapping[str, Any] = field(default_factory=dict)

    def stand_in(self, key: str) -> str | None:
        """Return the key whose tensor is used where this one is missing."""
        for start, other in self.stand_ins.items():
            if key.startswith(start):
                return other + key[len(start) :]
        return None

    def specs(self, existing: Iterable[str] = ()) -> dict[str, Spec]:
        """Return every tensor of the part; ``existing`` keys decide how often ``{~40}`` repeats."""
        return modules().expand(self.lines, self.arguments, existing)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how a family's checkpoint holds a part."""

    component: Component
    prefix: str
    names: str
    rules: tuple[Rule, ...]
    omit: frozenset[str]
    add: Mapping[str, Spec]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """A small tensor whose spread tells two families apart (``comfyui.md`` 4.3)."""

    tensor: str
    std_above: float
    becomes: str


@dataclass(frozen=True, slots=True)
class Architecture:
    """A model family.

    ``markers`` are tensors beside the parts that its checkpoints hold; where files look alike,
    those that are ``told_by`` some of them must have these. ``kept_metadata`` are keys of the
    metadata of a source that say how to load the model. ``warning`` says what ComfyUI does not
    load again from such a checkpoint (``comfyui.md`` 2.4). ``latents`` names what a VAE has to
    decode: VAEs of one shape are not alike when their families' latents differ. ``diffusers`` says
    what a diffusers folder of it is, as ``diffusers_layout`` reads it.
    """

    id: str
    name: str
    comfy_class: str
    order: int
    prediction: str | None
    recommended: str
    unet: Placement
    text_encoders: Mapping[str, Placement]
    vae: Placement | None
    markers: Mapping[str, Spec] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    probe: Probe | None = None
    alike: str = ""
    clip_vision: Placement | None = None
    told_by: tuple[str, ...] = ()
    kept_metadata: tuple[str, ...] = ()
    warning: str = ""
    latents: str = ""
    diffusers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def placements(self) -> dict[str, Placement]:
        """All parts by name, the diffusion model first."""
        others = {"vae": self.vae, "clip_vision": self.clip_vision}
        held = {part: placement for part, placement in others.items() if placement}
        return {"unet": self.unet, **self.text_encoders, **held}


@cache
def modules() -> Modules:
    """Return the modules that key templates may name."""
    return Modules(family_files.modules())


@cache
def component(name: str) -> Component:
    """Return a shared part by its id."""
    return _component(name, family_files.inherited(PARTS, name), {})


@cache
def components() -> tuple[Component, ...]:
    """Return all shared parts."""
    return tuple(component(heading.id) for heading in family_files.headings(PARTS))


def components_with(has: Callable[[str], bool]) -> tuple[Component, ...]:
    """Return the shared parts of which a file ``has`` an anchor."""
    fitting = (item for item in family_files.headings(PARTS) if any(map(has, item.anchors)))
    return tuple(component(item.id) for item in fitting)


@cache
def families() -> tuple[Architecture, ...]:
    """Return all model families, the most common of those that look alike first."""
    return _in_order(heading.id for heading in family_files.headings(FAMILIES))


def families_with(has: Callable[[str], bool]) -> tuple[Architecture, ...]:
    """Return the model families of which a file ``has`` an anchor, in the same order."""
    return _in_order(
        item.id for item in family_files.headings(FAMILIES) if any(map(has, item.anchors))
    )


def _in_order(names: Iterable[str]) -> tuple[Architecture, ...]:
    return tuple(sorted(map(family, names), key=lambda item: (item.order, item.id)))


def text_encoder_parts() -> frozenset[str]:
    """Return the names of all parts that are a text encoder of some family."""
    headings = family_files.headings(FAMILIES)
    return frozenset(part for heading in headings for part in heading.text_encoders)


@cache
def family(name: str) -> Architecture:
    """Return a model family by its id.

    Raises:
        KeyError: there is none of that id.
    """
    if not family_files.exists(FAMILIES, name):
        raise KeyError(name)
    return build_family(name, family_files.inherited(FAMILIES, name))


def use_families_from(folder: Path | None) -> None:
    """Take family files from one more folder too, with None from the program's own alone."""
    family_files.use_also(folder)
    for cached in (families, family):
        cached.cache_clear()


def predictions(architecture: Architecture) -> dict[str, Architecture]:
    """Return the families of the same shape by what they predict, such as ``v`` or ``epsilon``."""
    return {
        other.prediction: other
        for other in reversed(of_same_shape(architecture))
        if other.prediction
    }


def of_same_shape(architecture: Architecture) -> tuple[Architecture, ...]:
    """Return the families whose diffusion model has the same tensors, the most common first."""
    roots = {item.id: item.root for item in family_files.headings(FAMILIES)}
    root = roots.get(architecture.id)
    same = architecture.unet.component
    return tuple(
        other
        for other in _in_order(name for name in roots if roots[name] == root)
        if other.unet.component.lines == same.lines
        and other.unet.component.arguments == same.arguments
    )


def same_tensors(one: Architecture, other: Architecture) -> bool:
    """Whether the diffusion models of two families have the same tensors."""
    mine, theirs = one.unet.component, other.unet.component
    return (mine.lines, mine.arguments) == (theirs.lines, theirs.arguments)


def with_vae(architecture: Architecture, vae: str) -> Architecture:
    """Return the family of the same shape that takes a VAE, the same one where none does."""
    if architecture.vae is None or architecture.vae.component.id == vae:
        return architecture
    alike = (item for item in of_same_shape(architecture) if not item.told_by)
    return next((o for o in alike if o.vae and o.vae.component.id == vae), architecture)


def build_family(name: str, data: Mapping[str, Any]) -> Architecture:
    """Make a family from the content of its file, everything inherited already filled in."""
    unet = _component(f"{name}_unet", {"part": "unet", "name": data["name"], **data["unet"]}, {})
    encoders = data.get("text_encoders", {})
    probe = data.get("probe") or {}
    markers = {key: parse_spec(text) for key, text in data.get("markers", {}).items() if text != ""}
    return Architecture(
        id=name,
        name=data["name"],
        comfy_class=data.get("class", ""),
        order=data.get("order", 1000),
        latents=data.get("latents", ""),
        prediction=data.get("prediction"),
        recommended=data.get("recommended", "keep"),
        unet=_placement(unet, data["unet"]),
        text_encoders={
            part: _placement(component(table.get("component", part)), table)
            for part, table in encoders.items()
            if table
        },
        vae=_shared(data.get("vae")),
        markers=markers,
        metadata={key: text for key, text in data.get("metadata", {}).items() if text},
        probe=Probe(**probe) if probe.get("becomes") else None,
        alike=data.get("alike", ""),
        clip_vision=_shared(data.get("clip_vision")),
        told_by=tuple(data.get("told_by", markers)),
        kept_metadata=tuple(data.get("kept_metadata", ())),
        warning=data.get("warning", ""),
        diffusers=data.get("diffusers") or {},
    )


def _shared(data: Mapping[str, Any] | None) -> Placement | None:
    return _placement(component(data["component"]), data) if data else None


def _placement(part: Component, data: Mapping[str, Any]) -> Placement:
    return Placement(
        component=part,
        prefix=data["prefix"],
        names=data.get("names", "native"),
        rules=inverse(parse_rules(_saved_lines(data), {})),
        omit=frozenset(data.get("omit", ())),
        add={key: parse_spec(text) for key, text in data.get("add", {}).items()},
        optional=data.get("optional", False),
    )


def _saved_lines(data: Mapping[str, Any]) -> list[Any]:
    """Return the lines from a checkpoint's names to the part's own.

    ``within`` is the name that a text encoder has among others below the prefix, ``beside`` are
    keys that stand outside of it: tokenizers.
    """
    lines = list(family_files.forms().get(data.get("names", "native"), []))
    if "within" not in data:
        return lines
    beside = [[key, key] for key in data.get("beside", ())]
    return beside + [[f"{data['within']}.{saved}", own] for saved, own in lines]


def _component(name: str, data: Mapping[str, Any], arguments: Arguments) -> Component:
    arguments = {**arguments, **data.get("args", {})}
    tables = {key: table for key, table in data["forms"].items() if table != ""}
    return Component(
        id=name,
        part=data["part"],
        name=data["name"],
        lines=data["keys"],
        arguments=arguments,
        ignored=data.get("ignored", {}),
        stand_ins=data.get("stand_ins", {}),
        forms=tuple(
            _form(key, _complete(table, tables), arguments) for key, table in tables.items()
        ),
        diffusers=data.get("diffusers") or {},
    )


def _complete(table: Mapping[str, Any], tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a form as it is, or the one of checkpoints made from the form of single files."""
    if "anchor" in table:
        return table
    head = f"{table['within']}." if "within" in table else ""
    start, single = f"{head}transformer.", tables["hf"]
    return {
        "anchor": start + single["anchor"],
        "signature": {start + key: shape for key, shape in single["signature"].items()},
        "absent": [start + key for key in single.get("absent", ())],
        "rules": _saved_lines({"names": "comfy", **table}),
        "own": [head, *table["beside"]] if head else [],
    }


def _form(name: str, data: Mapping[str, Any], arguments: Arguments) -> Form:
    signature = {
        key: parse_spec(shape, arguments) if isinstance(shape, str) else Spec(tuple(shape))
        for key, shape in data["signature"].items()
        if shape != ""
    }
    return Form(
        name,
        data["anchor"],
        signature,
        tuple(data.get("absent", ())),
        parse_rules(_lines(data.get("rules", [])), family_files.toml("components/_renames.toml")),
        tuple(data.get("own", ())),
        tuple(key_pattern(text) for text in data.get("without", ())),
        data.get("warning", ""),
    )


def _lines(rules: str | Iterable[Any]) -> list[Any]:
    """Return the lines of a form: given right there, or named as a list of ``_forms.toml``."""
    if isinstance(rules, str):
        return _lines(family_files.forms()[rules])
    return [line for item in rules for line in (_lines(item) if isinstance(item, str) else [item])]
