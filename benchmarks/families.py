"""The table of model families in `docs/families.md`: python -m benchmarks.families > that."""

import sys

from ckpt_studio.core.architecture import Architecture, Component, Placement, families
from ckpt_studio.core.diffusers_layout import layout_of

_FORMS = {
    "native": "original",
    "original": "maker's",
    "hf": "HF",
    "hf_bare": "HF without prefix",
    "nested": "HF, nested",
    "openclip": "OpenCLIP",
    "diffusers": "diffusers",
}

_HEAD = """\
# Model families

Generated from the data files by `python -m benchmarks.families`; a test checks that it is current.

Every family below can be recognised, taken apart and put together. The tests hold the names,
shapes and fixed types of its checkpoint to those that ComfyUI writes. Each part is taken from a
file of its own, or from a checkpoint, in any of the spellings in brackets. A file of a family that
is not here can still be inspected, searched, converted and edited. The last column says which can
be saved as a diffusers folder, and for which pipeline.

| Family | id | Diffusion model | Text encoders | VAE | Image encoder | diffusers folder |
|---|---|---|---|---|---|---|
"""


def table() -> str:
    """Return the page as Markdown."""
    rows = [_row(item) for item in families()]
    notes = [f"- {item.name}: {item.warning}" for item in families() if item.warning]
    return "\n".join(
        [_HEAD + "\n".join(rows), "", "What ComfyUI does not load again:", "", *notes, ""]
    )


def _row(item: Architecture) -> str:
    unet = item.unet.component
    encoders = ", ".join(_part(placement) for placement in item.text_encoders.values())
    cells = (item.name, f"`{item.id}`", _spellings(unet), encoders, _part(item.vae))
    return "| " + " | ".join((*cells, _part(item.clip_vision), _pipeline(item))) + " |"


def _pipeline(item: Architecture) -> str:
    return layout_of(item).pipeline if item.diffusers else ""


def _part(placement: Placement | None) -> str:
    if placement is None:
        return ""
    part = placement.component
    return f"{part.name} ({_spellings(part)})"


def _spellings(part: Component) -> str:
    return ", ".join(_FORMS[form.name] for form in part.forms if form.name in _FORMS)


if __name__ == "__main__":
    sys.stdout.write(table())
