"""The table of model families in `docs/families.md`: python -m benchmarks.families > that."""

import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.families_across_forms import TWELVE
from ckpt_studio.core.diffusers.diffusers_layout import layout_of
from ckpt_studio.core.families.architecture import (
    Architecture,
    Component,
    Placement,
    components,
    families,
)

_CLASSES = Path(__file__).parent.parent / "tests" / "data" / "diffusers.toml"

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
is not here can still be inspected, searched, converted and edited. "diffusers folder" says which
can be saved as one, and for which pipeline.

The last column says what else was checked of the diffusion model, and the VAE after it:

- names: its diffusers names and shapes are those of the class of diffusers (0.42), there and back.
- values: diffusers' own conversion of the same numbers gives the same bytes.
- files: full-size files saved from every spelling are the same, header and data
  (`python -m benchmarks.families_across_forms`).

| Family | id | Diffusion model | Text encoders | VAE | Image encoder | diffusers folder | Checked |
|---|---|---|---|---|---|---|---|
"""


def table() -> str:
    """Return the page as Markdown."""
    rows = [_row(item) for item in families()]
    notes = [f"- {item.name}: {item.warning}" for item in families() if item.warning]
    lossy = [
        f"- {part.name}: {form.warning}"
        for part in components()
        for form in part.forms
        if form.warning
    ]
    return "\n".join(
        [
            *(_HEAD + "\n".join(rows), "", "What a diffusers file does not hold:", "", *lossy),
            *("", "What ComfyUI does not load again:", "", *notes, ""),
        ]
    )


def _row(item: Architecture) -> str:
    unet = item.unet.component
    encoders = ", ".join(_part(placement) for placement in item.text_encoders.values())
    cells = (
        *(item.name, f"`{item.id}`", _spellings(unet, item.id), encoders, _part(item.vae)),
        *(_part(item.clip_vision), _pipeline(item), _checked(item)),
    )
    return "| " + " | ".join(cells) + " |"


@cache
def _classes() -> dict[str, Any]:
    return tomllib.loads(_CLASSES.read_text("utf-8"))


def _checked(item: Architecture) -> str:
    """Say what the tests and the benchmark hold the spellings of a family to."""
    model = _held(item.id) + ["files"] * (item.id in TWELVE)
    vae = _held(item.vae.component.id) if item.vae else []
    return "; ".join(filter(None, (", ".join(model), vae and f"VAE {', '.join(vae)}")))


def _held(name: str) -> list[str]:
    entry = _classes().get(name, {})
    return ["names"] * ("keys" in entry) + ["values"] * ("values" in entry)


def _pipeline(item: Architecture) -> str:
    return layout_of(item).pipeline if item.diffusers else ""


def _part(placement: Placement | None) -> str:
    if placement is None:
        return ""
    part = placement.component
    return f"{part.name} ({_spellings(part, part.id)})"


def _spellings(part: Component, name: str) -> str:
    """Return the forms of a part; some models are named in diffusers as in ComfyUI."""
    spellings = [_FORMS[form.name] for form in part.forms if form.name in _FORMS]
    if name in _classes() and "diffusers" not in spellings:
        spellings[0] += " = diffusers"
    return ", ".join(spellings)


if __name__ == "__main__":
    sys.stdout.write(table())
