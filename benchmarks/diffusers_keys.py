"""Hold `tests/data/diffusers.toml` to the classes and the conversions of an installed diffusers.

Needs torch and diffusers, which is no dependency of the project: ``pip install diffusers``. Then
``python -m benchmarks.diffusers_keys [NAME…]`` builds the classes without their weights, lets
diffusers convert the values that the tests convert, and names what is not as the file says.
"""

import importlib
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ckpt_studio.core.expr import read
from ckpt_studio.core.families.architecture import Component, component, family
from ckpt_studio.engine.writing import write
from ckpt_studio.formats.safetensors import read_checkpoint
from tests.making.plans import plan_for, write_source
from tests.making.thin import thin, values_hash
from tests.models import fingerprint

_DATA = Path(__file__).parent.parent / "tests" / "data" / "diffusers.toml"
_ELSEWHERE = {"PaellaVQModel": "diffusers.pipelines.deprecated.wuerstchen.modeling_paella_vq_model"}
_CONVERSIONS = "diffusers.loaders.single_file_utils"


def main() -> int:
    """Compare all entries or those named; return 1 when one differs."""
    entries = tomllib.loads(_DATA.read_text("utf-8"))
    chosen = sys.argv[1:] or list(entries)
    wrong = [line for name in chosen for line in _differences(name, entries[name])]
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    sys.stdout.write(f"{len(chosen)} looked at, {len(wrong)} not as in {_DATA.name}\n")
    return int(bool(wrong))


def _differences(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    model = _model(entry)
    tensors = {key: ("F16", tuple(value.shape)) for key, value in model.state_dict().items()}
    if fingerprint(tensors) != entry["keys"]:
        yield f"{name}: keys {fingerprint(tensors)}"
    if "convert" in entry:
        values = _converted(name, entry["convert"], dict(model.config))
        if values != entry["values"]:
            yield f"{name}: values {values}"


def _model(entry: Mapping[str, Any]) -> Any:
    """Return a class with its public configuration, without weights."""
    torch = importlib.import_module("torch")
    name = entry["class"]
    kind = getattr(importlib.import_module(_ELSEWHERE.get(name, "diffusers")), name)
    config = {**entry.get("config", {}), **dict.fromkeys(entry.get("none", ()))}
    with torch.device("meta"):
        return kind(**config)


def _converted(name: str, how: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Return the hash of what diffusers makes of a thin model."""
    part = component(name) if name.startswith("vae_") else family(name).unet.component
    given = {how.get("start", "") + key: value for key, value in _given(part, how).items()}
    convert = getattr(importlib.import_module(_CONVERSIONS), how["name"])
    made = convert(given, **({"config": config} if how.get("config") else {}))
    return values_hash({key: value.contiguous().numpy().tobytes() for key, value in made.items()})


def _given(part: Component, how: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tensors of a thin model in ComfyUI's names, or in those of the form named."""
    torch = importlib.import_module("torch")
    with tempfile.TemporaryDirectory() as folder:
        source = write_source(Path(folder) / "own.safetensors", thin(part))
        forms = {form.name: form for form in part.forms}
        own = {key: read(0, info) for key, info in source.tensors.items()}
        rows = forms[how.get("form", "native")].spelled(own)
        path = Path(folder) / "given.safetensors"
        write(plan_for((source,), rows, path))
        data, made = bytearray(path.read_bytes()), read_checkpoint(path)
    return {
        key: torch.frombuffer(
            data[info.offset : info.offset + info.nbytes], dtype=torch.int16
        ).reshape(info.shape)
        for key, info in made.tensors.items()
    }


if __name__ == "__main__":
    sys.exit(main())
