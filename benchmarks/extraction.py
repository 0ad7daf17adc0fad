"""A LoRA extracted from two Stable Diffusion 1.5 checkpoints, against the whole decomposition."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from benchmarks import files
from benchmarks.jobs import MB, Figure, Setting, memory_figure
from benchmarks.loras import write_tuned
from benchmarks.measure import COMMAND_LINE, PYTHON, run
from ckpt_studio.core.families.architecture import family
from ckpt_studio.core.lora.naming import module_names

_RANK = 32
_SHARE = 5
_LOST = 0.01


def extract(setting: Setting) -> Iterator[Figure]:
    """Time, energy and memory of an extraction, and how near its LoRA comes to the model."""
    a = files.half_checkpoint(setting.folder / "a.safetensors", "sd15", 0)
    b = write_tuned(setting.folder / "b.safetensors", a, 1)
    out = setting.folder / "lora.safetensors"
    command = (*COMMAND_LINE, "lora", "extract", a, b, "--rank", str(_RANK), "--json", "-o", out)
    runs = []
    for _ in range(setting.rounds + 1):  # the first one only warms the page cache
        out.unlink(missing_ok=True)
        runs.append(run(command))
    seconds = median(one.seconds for one in runs[1:])
    report = json.loads(runs[-1].output)["report"]
    keys = _keys()
    held = {keys[each["name"]]: each["share"] for each in report["retained"]}
    peer = json.loads(run((PYTHON, "-c", _WHOLE, a, b, str(_RANK), json.dumps(list(held)))).output)
    job = f"LoRA of rank {_RANK} from two SD 1.5 fp16, with text encoder ({len(held)} weights)"
    yield Figure(
        job,
        f"{seconds:.1f} s, {seconds / peer['seconds']:.1%}",
        f"1/{_SHARE} of torch.linalg.svd of all of them on all cores: {peer['seconds']:.0f} s, "
        f"measured on {len(peer['kept'])} weights, one of every shape, times their numbers",
        seconds * _SHARE <= peer["seconds"],
    )
    yield memory_figure(f"{job}: peak memory", max(one.peak for one in runs), 1000 * MB)
    yield _energy(peer["kept"], held)
    yield _nearness(setting, (a, b, out), list(held), 1 - report["retained_share"])


def _keys() -> dict[str, str]:
    """Return the tensor of a checkpoint that each module is for."""
    placements = family("sd15").placements
    shapes = {
        part: {key: spec.usual_shape for key, spec in placement.component.specs().items()}
        for part, placement in placements.items()
        if part != "vae"
    }
    names = module_names("sd15", shapes)
    weights = ((part, key) for part, key in names if key.endswith(".weight"))
    return {names[part, key]: placements[part].prefix + key for part, key in weights}


def _energy(peer: dict[str, list[float]], held: dict[str, float]) -> Figure:
    """Compare what both keep of the weights that were decomposed as a whole."""
    total = sum(energy for _, energy in peer.values())
    best = sum(kept for kept, _ in peer.values()) / total
    ours = sum(held[key] * energy for key, (_, energy) in peer.items()) / total
    return Figure(
        "Energy that it keeps of these weights",
        f"{ours:.3%}",
        f"99 % of what the whole decomposition keeps: {best:.3%}",
        ours >= (1 - _LOST) * best,
    )


def _nearness(
    setting: Setting, used: tuple[Path, Path, Path], keys: list[str], lost: float
) -> Figure:
    """Put the LoRA into A and look how far from B the result is."""
    a, b, lora = used
    baked = setting.folder / "baked.safetensors"
    run((*COMMAND_LINE, "merge", a, "--lora", lora, "-o", baked))
    left = float(run((PYTHON, "-c", _LEFT, a, b, baked, json.dumps(keys))).output)
    return Figure(
        "Energy of all changes that A with this LoRA lacks",
        f"{left:.3%}",
        f"what the report says ({lost:.3%}) + 0.1 % for rounding",
        left <= lost + _ROUNDING,
    )


_ROUNDING = 0.001

_WHOLE = """
import json, sys, time
import torch
from safetensors import safe_open
a, b = (safe_open(path, "pt") for path in sys.argv[1:3])
rank, keys = int(sys.argv[3]), json.loads(sys.argv[4])
shapes = {}
for key in keys:
    shapes.setdefault(tuple(a.get_slice(key).get_shape()), []).append(key)
seconds, kept = 0.0, {}
for same in shapes.values():
    started = time.perf_counter()
    matrix = (b.get_tensor(same[0]).float() - a.get_tensor(same[0]).float()).flatten(1)
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    root = s[:rank].sqrt()
    up, down = (u[:, :rank] * root).half(), (root[:, None] * v[:rank]).half()
    seconds += (time.perf_counter() - started) * len(same)
    energies = s.double() ** 2
    kept[same[0]] = [energies[:rank].sum().item(), energies.sum().item()]
print(json.dumps({"seconds": seconds, "kept": kept}))
"""

_LEFT = """
import json, sys
from safetensors import safe_open
a, b, baked = (safe_open(path, "pt") for path in sys.argv[1:4])
left = whole = 0.0
for key in json.loads(sys.argv[4]):
    wanted = b.get_tensor(key).float()
    left += (baked.get_tensor(key).float() - wanted).norm().item() ** 2
    whole += (a.get_tensor(key).float() - wanted).norm().item() ** 2
print(left / whole)
"""

EXTRACTION_JOBS: dict[str, Callable[[Setting], Iterator[Figure]]] = {"lora-extract": extract}
