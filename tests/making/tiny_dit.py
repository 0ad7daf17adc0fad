"""Models of the made-up family of the documentation, which are small."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ckpt_studio.core.families.architecture import use_families_from

BLOCKS = 3
_DOCS = Path(__file__).parents[2] / "docs"


@contextmanager
def tiny_family(folder: Path) -> Iterator[None]:
    """Let the program know the family meanwhile; ``folder`` takes its description."""
    page = (_DOCS / "adding-a-family.md").read_text(encoding="utf-8")
    folder.mkdir()
    found = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert found is not None
    (folder / "tiny_dit.toml").write_text(found[1], encoding="utf-8")
    use_families_from(folder)
    yield
    use_families_from(None)


def random(*shape: int, seed: int = 0) -> np.ndarray:
    """Return numbers of N(0, 1) in fp32."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def model(seed: int = 0) -> dict[str, np.ndarray]:
    """Return the tensors of a model."""
    made = {"patch_in.weight": (64, 16), "patch_in.bias": (64,)}
    made |= {"patch_out.weight": (16, 64), "patch_out.bias": (16,)}
    for block in range(BLOCKS):
        head = f"blocks.{block}."
        made |= {f"{head}attn.{name}.weight": (64, 64) for name in "qkvo"}
        made |= {f"{head}attn.{name}.bias": (64,) for name in "qkvo"}
        made |= {f"{head}mlp.{name}.weight": (256, 64) for name in ("up", "gate")}
        made |= {f"{head}mlp.down.weight": (64, 256), f"{head}scale": (6, 64)}
    return {name: random(*shape, seed=seed + at) for at, (name, shape) in enumerate(made.items())}


def changed(tensors: Mapping[str, np.ndarray], rank: int, seed: int = 50) -> dict[str, np.ndarray]:
    """Return a model whose matrices differ by that rank."""
    made = dict(tensors)
    for at, (name, value) in enumerate(tensors.items()):
        if name.endswith(".weight"):
            up, down = random(value.shape[0], rank, seed=seed + at), random(rank, value.shape[1])
            made[name] = value + 0.1 * up @ down
        elif name.endswith(".bias"):
            made[name] = value + 0.5
    return made


def saved(
    path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
) -> Path:
    """Write tensors to a file."""
    whole = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    save_file(whole, path, dict(metadata) if metadata else None)
    return path
