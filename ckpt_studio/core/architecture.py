"""Model families and the parts they are made of, read from the data files in ``resources``.

A family is one file in ``resources/architectures``; parts that several families share (text
encoders, VAEs) are files in ``resources/components``. A family may name another as its ``base``
and then says only what differs.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ckpt_studio.core import data_files
from ckpt_studio.core.renames import Rule, inverse, parse_rules
from ckpt_studio.core.templates import Arguments, Lines, Modules, Spec, parse_spec


@dataclass(frozen=True, slots=True)
class Form:
    """A spelling of a part's keys, and how to see that a file uses it.

    ``anchor`` is the end of a key; what stands before it is the part's prefix. ``signature`` maps
    keys below the prefix to shapes, ``absent`` are starts of keys that must not be there.
    """

    name: str
    anchor: str
    signature: Mapping[str, Spec]
    absent: tuple[str, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """A part of a model: its tensors in ComfyUI's spelling, and the forms it comes in.

    ``ignored`` maps starts of keys that files hold and models do not need to the reason,
    ``stand_ins`` starts of keys that files may lack to the start of those that are used instead.
    """

    id: str
    part: str
    name: str
    lines: Lines
    arguments: Arguments
    ignored: Mapping[str, str]
    stand_ins: Mapping[str, str]
    forms: tuple[Form, ...]

    def stand_in(self, key: str) -> str | None:
        """Return the key whose tensor is used where this one is missing."""
        for start, other in self.stand_ins.items():
            if key.startswith(start):
                return other + key[len(start) :]
        return None

    def specs(self, existing: Iterable[str] = ()) -> dict[str, Spec]:
        """Return every tensor of the part; ``existing`` keys decide how often ``{*}`` repeats."""
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
    """A model family."""

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

    @property
    def placements(self) -> dict[str, Placement]:
        """All parts by name, the diffusion model first."""
        vae = {"vae": self.vae} if self.vae else {}
        return {"unet": self.unet, **self.text_encoders, **vae}


@cache
def modules() -> Modules:
    """Return the modules that key templates may name."""
    return Modules(_toml("architectures/_modules.toml"))


@cache
def component(name: str) -> Component:
    """Return a shared part by its id."""
    return _component(name, _toml(f"components/{name}.toml"), {})


@cache
def components() -> tuple[Component, ...]:
    """Return all shared parts."""
    files = data_files.names("components", ".toml")
    return tuple(component(file[:-5]) for file in files if not file.startswith("_"))


@cache
def families() -> tuple[Architecture, ...]:
    """Return all model families, the most common of those that look alike first."""
    files = data_files.names("architectures", ".toml")
    known = [family(file[:-5]) for file in files if not file.startswith("_")]
    return tuple(sorted(known, key=lambda item: (item.order, item.id)))


@cache
def family(name: str) -> Architecture:
    """Return a model family by its id.

    Raises:
        KeyError: there is none of that id.
    """
    if f"{name}.toml" not in data_files.names("architectures", ".toml") or name.startswith("_"):
        raise KeyError(name)
    return build_family(name, _inherited(_toml(f"architectures/{name}.toml")))


def predictions(architecture: Architecture) -> dict[str, Architecture]:
    """Return the families of the same shape by what they predict, such as ``v`` or ``epsilon``."""
    same = architecture.unet.component
    return {
        other.prediction: other
        for other in reversed(families())
        if other.prediction
        and other.unet.component.lines == same.lines
        and other.unet.component.arguments == same.arguments
    }


def build_family(name: str, data: Mapping[str, Any]) -> Architecture:
    """Make a family from the content of its file, everything inherited already filled in."""
    unet = _component(f"{name}_unet", {"part": "unet", "name": data["name"], **data["unet"]}, {})
    vae = data.get("vae")
    probe = data.get("probe") or {}
    return Architecture(
        id=name,
        name=data["name"],
        comfy_class=data.get("class", ""),
        order=data.get("order", 1000),
        prediction=data.get("prediction"),
        recommended=data.get("recommended", "keep"),
        unet=_placement(unet, data["unet"]),
        text_encoders={
            part: _placement(component(table.get("component", part)), table)
            for part, table in data.get("text_encoders", {}).items()
        },
        vae=_placement(component(vae["component"]), vae) if vae else None,
        markers={key: parse_spec(text) for key, text in data.get("markers", {}).items()},
        metadata={key: text for key, text in data.get("metadata", {}).items() if text},
        probe=Probe(**probe) if probe.get("becomes") else None,
        alike=data.get("alike", ""),
    )


def _placement(part: Component, data: Mapping[str, Any]) -> Placement:
    names = data.get("names", "native")
    forms = _forms()
    lines = forms["comfy"] if names == "comfy" else forms.get(names, [])
    return Placement(
        component=part,
        prefix=data["prefix"],
        names=names,
        rules=parse_rules(inverse(lines), {}),
        omit=frozenset(data.get("omit", ())),
        add={key: parse_spec(text) for key, text in data.get("add", {}).items()},
        optional=data.get("optional", False),
    )


def _component(name: str, data: Mapping[str, Any], arguments: Arguments) -> Component:
    arguments = {**arguments, **data.get("args", {})}
    return Component(
        id=name,
        part=data["part"],
        name=data["name"],
        lines=data["keys"],
        arguments=arguments,
        ignored=data.get("ignored", {}),
        stand_ins=data.get("stand_ins", {}),
        forms=tuple(_form(key, table, arguments) for key, table in data["forms"].items()),
    )


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
        parse_rules(_lines(data.get("rules", [])), _toml("components/_renames.toml")),
    )


def _lines(rules: str | Iterable[Any]) -> list[Any]:
    """Return the lines of a form: given right there, or named as a list of ``_forms.toml``."""
    if isinstance(rules, str):
        return list(_forms()[rules])
    return [line for item in rules for line in (_lines(item) if isinstance(item, str) else [item])]


@cache
def _forms() -> dict[str, Any]:
    return _toml("components/_forms.toml")


def _inherited(data: dict[str, Any]) -> dict[str, Any]:
    if "base" not in data:
        return data
    return _merge(_inherited(_toml(f"architectures/{data['base']}.toml")), data)


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = (
            _merge(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
        )
    return merged


@cache
def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads(data_files.read_text(name))
