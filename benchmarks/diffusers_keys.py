"""Hold `tests/data/diffusers.toml` to the classes of an installed diffusers.

Needs torch and diffusers, which is no dependency of the project: ``pip install diffusers``. Then
``python -m benchmarks.diffusers_keys [NAME…]`` builds the classes without their weights and names
those whose tensors are not what the file says.
"""

import importlib
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.models import fingerprint

_DATA = Path(__file__).parent.parent / "tests" / "data" / "diffusers.toml"
_ELSEWHERE = {"PaellaVQModel": "diffusers.pipelines.deprecated.wuerstchen.modeling_paella_vq_model"}


def main() -> int:
    """Compare all entries or those named; return 1 when one differs."""
    entries = tomllib.loads(_DATA.read_text("utf-8"))
    chosen = sys.argv[1:] or list(entries)
    wrong = 0
    for name in chosen:
        found = _keys(entries[name])
        if found != entries[name]["keys"]:
            wrong += 1
            sys.stdout.write(f"{name}: {found}, not {entries[name]['keys']}\n")
    sys.stdout.write(f"{len(chosen) - wrong} of {len(chosen)} as in {_DATA.name}\n")
    return int(wrong > 0)


def _keys(entry: Mapping[str, Any]) -> list[Any]:
    """Return how many tensors a class has, and the hash of their names and shapes."""
    torch = importlib.import_module("torch")
    name = entry["class"]
    kind = getattr(importlib.import_module(_ELSEWHERE.get(name, "diffusers")), name)
    config = {**entry.get("config", {}), **dict.fromkeys(entry.get("none", ()))}
    with torch.device("meta"):
        tensors = kind(**config).state_dict()
    return fingerprint({key: ("F16", tuple(value.shape)) for key, value in tensors.items()})


if __name__ == "__main__":
    sys.exit(main())
