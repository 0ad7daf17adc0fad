"""Find out what a checkpoint is and which parts it holds, from names, types and shapes alone."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from math import prod
from typing import Any

from ckpt_studio.core import data_files
from ckpt_studio.core.checkpoint import Checkpoint
from ckpt_studio.core.expr import Expr, read, reshape
from ckpt_studio.core.expr import reads as leaves
from ckpt_studio.core.families.architecture import (
    Architecture,
    Component,
    Form,
    components_with,
    families_with,
    with_vae,
)
from ckpt_studio.core.families.renames import apply_rules
from ckpt_studio.core.families.templates import Spec
from ckpt_studio.core.quantised import companions
from ckpt_studio.core.recognition import FoundPart, Recognition

UNET_PREFIXES = (
    *("model.diffusion_model.", "model.model.", "net.", "diffusion_model.", "model."),
    *("unet.", "transformer.", ""),
)
"""What may stand before a diffusion model's keys (``comfyui.md`` 4.1).

The last but one are the components of a diffusers folder.
"""


def recognise(checkpoint: Checkpoint) -> Recognition:
    """Return the model family of a checkpoint, its parts and the evidence for both."""
    keys = _Keys(checkpoint)
    known = families_with(lambda anchor: bool(keys.unet_prefixes(anchor)))
    unet, architecture = _find_unet(keys, known)
    found = [unet] if unet else []
    for component in components_with(lambda anchor: bool(keys.prefixes(anchor))):
        part = _find_component(keys, component)
        if part is not None and all(part.part != other.part for other in found):
            found.append(part)
    kind = _other_kind(keys) if not found else None
    if kind is not None:
        found.append(kind)
    vae = next((part.component for part in found if part.part == "vae"), None)
    if architecture is not None and vae is not None:
        architecture = with_vae(architecture, vae)
    markers = frozenset(name for item in known for name in item.markers)
    return _describe(checkpoint, architecture, tuple(found), markers)


class _Keys:
    """The names of a file, arranged for quick questions."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.names = tuple(checkpoint.tensors)
        self._below: dict[str, dict[str, tuple[int, ...]]] = {}
        self._prefixes: dict[str, list[str]] = {}
        self._by_end: dict[str, list[str]] = {}
        for name in self.names:
            end = _end(name)
            self._by_end.setdefault(end, []).append(name)
            if not end.endswith((".weight", ".bias")):
                self._by_end.setdefault(name.rsplit(".", 1)[-1], []).append(name)

    def unet_prefixes(self, anchor: str) -> list[str]:
        """Return the usual prefixes of diffusion models below which the file has this key."""
        return [prefix for prefix in UNET_PREFIXES if prefix + anchor in self.checkpoint.tensors]

    def prefixes(self, anchor: str) -> list[str]:
        """Return what stands before each key that ends in the anchor, longest first."""
        if anchor not in self._prefixes:
            size, alike = len(anchor), self._by_end.get(_end(anchor), ())
            hits = [name[: len(name) - size] for name in alike if name.endswith(anchor)]
            self._prefixes[anchor] = sorted(
                (hit for hit in hits if not hit or hit.endswith(".")), key=len, reverse=True
            )
        return self._prefixes[anchor]

    def below(self, prefix: str) -> dict[str, tuple[int, ...]]:
        """Return shapes by name below a prefix."""
        if prefix not in self._below:
            size, tensors = len(prefix), self.checkpoint.tensors
            self._below[prefix] = {
                name[size:]: tensors[name].shape for name in self.names if name.startswith(prefix)
            }
        return self._below[prefix]


def _end(name: str) -> str:
    """Return the last two words of a key, where anchors are looked up."""
    return ".".join(name.rsplit(".", 2)[-2:])


def _fits(keys: _Keys, form: Form, prefix: str) -> bool:
    tensors = keys.checkpoint.tensors
    for key, spec in form.signature.items():
        tensor = tensors.get(prefix + key)
        if tensor is None or not spec.accepts(tensor.shape):
            return False
    return (
        not any(key.startswith(form.absent) for key in keys.below(prefix)) if form.absent else True
    )


def _find_unet(
    keys: _Keys, known: Iterable[Architecture]
) -> tuple[FoundPart | None, Architecture | None]:
    """Return the diffusion model: of families that fit, that with most markers, then the first."""
    best: tuple[int, Architecture, Form, str] | None = None
    for architecture in known:
        told = sum(name in keys.checkpoint.tensors for name in architecture.told_by)
        if told < len(architecture.told_by) or (best is not None and told <= best[0]):
            continue
        for form in architecture.unet.component.forms:
            for prefix in keys.unet_prefixes(form.anchor):
                if _fits(keys, form, prefix) and (best is None or told > best[0]):
                    best = (told, architecture, form, prefix)
    if best is None:
        return None, None
    _, architecture, form, prefix = best
    part = make_part(keys.checkpoint, architecture.unet.component, form, prefix, keys.below(prefix))
    return (part, architecture)


def _find_component(keys: _Keys, component: Component) -> FoundPart | None:
    """Return a part that stands anywhere in a file.

    Two spellings may fit the same key, one of them with the end of the prefix in its own names:
    that one says more.
    """
    candidates: dict[str, tuple[Form, str]] = {}
    for form in sorted(component.forms, key=lambda form: len(form.anchor)):
        for prefix in keys.prefixes(form.anchor):
            if _fits(keys, form, prefix):
                candidates[prefix + form.anchor] = form, prefix
    if not candidates:
        return None
    form, prefix = max(
        candidates.values(), key=lambda item: (item[1] != "", len(keys.below(item[1])))
    )
    return make_part(keys.checkpoint, component, form, prefix, keys.below(prefix))


def make_part(
    checkpoint: Checkpoint,
    component: Component,
    form: Form,
    prefix: str,
    below: Iterable[str],
) -> FoundPart:
    """Return a part with its tensors under ComfyUI's names and what is missing or too much."""
    reads: dict[str, Expr] = {key: read(0, checkpoint.tensors[prefix + key]) for key in below}
    converted = apply_rules(form.rules, reads)
    specs = component.specs(converted)
    known = {key: converted[key] for key in specs if key in converted}
    own = _own_keys(component, form, prefix, reads, known)
    if len(own) < len(reads):
        converted = apply_rules(form.rules, {key: reads[key] for key in own})
    names = tuple(prefix + key for key in own)
    fitted = {key: fit(spec, converted[key]) for key, spec in specs.items() if key in converted}
    extra = [key for key in converted if key not in specs]
    carried = {key: converted[key] for key in companions(extra)}
    ignored = {key for key in extra if key.startswith(tuple(component.ignored))}
    unexpected = [key for key in extra if key not in carried and key not in ignored]
    lacking = [key for key, spec in specs.items() if key not in converted and spec.default is None]
    return FoundPart(
        part=component.part,
        component=component.id,
        architecture=component.id.removesuffix("_unet") if component.part == "unet" else None,
        form=_form_name(form, prefix),
        prefix=prefix,
        tensors={**fitted, **carried},
        names=names,
        missing=tuple(key for key in lacking if component.stand_in(key) not in converted),
        unexpected=tuple(unexpected),
        evidence=_evidence(component, form, prefix),
        ignored=tuple(sorted(ignored)),
    )


def fit(spec: Spec, expr: Expr) -> Expr:
    """Return the tensor in the shape the model wants, where only sizes of 1 differ.

    VAE attention weights are [C, C] in diffusers files, [C, C, 1, 1] here (``formats.md`` 3.3).
    """
    if spec.accepts(expr.shape) or 0 in spec.shape:
        return expr
    squeezed = [size for size in expr.shape if size != 1]
    wanted = [size for size in spec.usual_shape if size != 1]
    if squeezed == wanted and prod(expr.shape) == prod(spec.usual_shape):
        return reshape(expr, spec.usual_shape)
    return expr


def _own_keys(
    component: Component,
    form: Form,
    prefix: str,
    reads: Mapping[str, Expr],
    known: Mapping[str, Expr],
) -> list[str]:
    """Return the keys below a prefix that belong to a part: all of them, or what is its own.

    Without a prefix, a file may hold other things beside the part (markers, a second part); then
    only names that the part's spelling knows, and those that share a first word with them, are
    its own.
    """
    if form.own:
        return [key for key in reads if key.startswith(form.own)]
    if prefix and (component.part != "unet" or prefix != "model."):
        return list(reads)
    own = tuple(component.ignored)
    heads = {_head(leaf.tensor.name) for expr in known.values() for leaf in leaves(expr)}
    return [
        key
        for key in reads
        if _head(prefix + key) in heads
        or (own and key.startswith(own))
        or (key in companions((key,)) and prefix == "")
    ]


def _head(name: str) -> str:
    return name.removeprefix("model.").split(".", 1)[0]


def _form_name(form: Form, prefix: str) -> str:
    if form.name == "native":
        return "checkpoint" if prefix else "native"
    return "hf" if form.name in {"hf_bare", "comfy"} else form.name


def _evidence(component: Component, form: Form, prefix: str) -> str:
    facts = "; ".join(
        f"{prefix}{key} is {list(spec.shape) if min(spec.shape, default=1) > 0 else 'there'}"
        for key, spec in form.signature.items()
    )
    spelling = {"native": "", "hf": "", "hf_bare": "", "comfy": "", "openclip": "OpenCLIP names, "}
    return f"{component.name}: {spelling.get(form.name, f'{form.name} names, ')}{facts}"


@cache
def leftovers() -> dict[str, Any]:
    """Return the data file that names training leftovers and other kinds of model."""
    return tomllib.loads(data_files.read_text("components/_leftovers.toml"))


def leftover_reason(name: str) -> str:
    """Say what a tensor is that training left behind, "" when it is none of those."""
    table = leftovers()
    if name in table["keys"]:
        return str(table["keys"][name])
    return next((text for start, text in table["starts"].items() if _begins(name, start)), "")


def _begins(name: str, start: str) -> bool:
    """Whether a name begins with a start that ends in a dot, or is in a group of that name.

    A group may be one of several, or of states: ``optimizer``, ``optimizer_states``.
    """
    if start.endswith("."):
        return name.startswith(start)
    group = name.split(".", 1)[0]
    return group.removesuffix("s").removesuffix("_state") == start


def _other_kind(keys: _Keys) -> FoundPart | None:
    for kind, table in leftovers()["kinds"].items():
        starts, ends = tuple(table["starts"]), tuple(table["ends"])
        hit = next((n for n in keys.names if n.startswith(starts) or n.endswith(ends)), None)
        if hit is not None:
            tensors: dict[str, Expr] = {
                name: read(0, tensor) for name, tensor in keys.checkpoint.tensors.items()
            }
            evidence = f"{table['name']}: there is a tensor {hit}"
            return FoundPart(kind, kind, None, "native", "", tensors, keys.names, (), (), evidence)
    return None


def _describe(
    checkpoint: Checkpoint,
    architecture: Architecture | None,
    parts: tuple[FoundPart, ...],
    known_markers: frozenset[str],
) -> Recognition:
    used = {name for part in parts for name in part.names}
    other = [name for name in checkpoint.tensors if name not in used]
    markers = tuple(name for name in other if name in known_markers)
    evidence = [part.evidence for part in parts]
    evidence += [f"the marker {name} says how the model predicts" for name in markers]
    if architecture is not None and architecture.alike:
        evidence.append(architecture.alike)
    return Recognition(
        architecture=architecture.id if architecture else None,
        name=architecture.name if architecture else _name_without_unet(parts),
        kind=_kind(architecture, parts),
        prediction=architecture.prediction if architecture else None,
        evidence=tuple(evidence) or (_unknown_evidence(checkpoint),),
        parts=parts,
        other=tuple(name for name in other if name not in markers),
        markers=markers,
    )


def _kind(architecture: Architecture | None, parts: tuple[FoundPart, ...]) -> str:
    if not parts:
        return "unknown"
    if parts[0].part in leftovers()["kinds"]:
        return parts[0].part
    return "checkpoint" if architecture and len(parts) > 1 else "part"


def _name_without_unet(parts: tuple[FoundPart, ...]) -> str:
    names = [part.evidence.split(":", 1)[0] for part in parts]
    return " + ".join(names) if names else "Unknown model"


def _unknown_evidence(checkpoint: Checkpoint) -> str:
    counts: dict[str, int] = {}
    for name in checkpoint.tensors:
        head = name.split(".", 1)[0]
        counts[head] = counts.get(head, 0) + 1
    return "no known model has these keys: " + ", ".join(_top(counts))


def _top(counts: Mapping[str, int]) -> Iterator[str]:
    for head in sorted(counts, key=lambda key: -counts[key])[:5]:
        yield f"{head[:60]} ({counts[head]:,})"
