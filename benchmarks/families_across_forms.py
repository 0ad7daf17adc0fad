"""Save twelve families from files in every spelling and compare what comes out, byte for byte.

``python -m benchmarks.families_across_forms FOLDER [FAMILY…]`` makes full-size models of numbers in
the folder (up to 20 GB at a time, deleted after each family), writes every part in each of its
forms, saves a checkpoint from each and compares the whole files, header and data.
"""

import hashlib
import random
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from ckpt_studio.core.expr import Expr, read
from ckpt_studio.core.families.architecture import Architecture, Component, Form, Placement, family
from ckpt_studio.core.families.templates import Spec
from ckpt_studio.core.plan import Plan, PlannedTensor
from ckpt_studio.core.recipe import Assemble, Output
from ckpt_studio.core.tensors import DType, TensorInfo
from ckpt_studio.engine.planning import plan
from ckpt_studio.engine.writing import write
from ckpt_studio.formats.encoding import encode_header
from ckpt_studio.formats.safetensors import read_checkpoint

TWELVE = (
    *("sd15", "sd20", "sdxl", "sd3_medium", "svd", "pixart_sigma", "hunyuan_dit_12"),
    *("stable_cascade_c_lite", "stable_audio", "wan21_1.3b_t2v", "ltxv_2b", "lumina2"),
)
_POOL = 8 << 20
_SAME = frozenset({"native", "hf", "comfy"})
"""Forms whose names are those the parts are first written in."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A part in a file, and the form that the file is in."""

    part: str
    form: str
    path: Path


def main() -> int:
    """Compare the families named, or all twelve; return 1 when two files differ."""
    folder, names = Path(sys.argv[1]), sys.argv[2:] or TWELVE
    return int(sum(not _compare(family(name), folder / name) for name in names) > 0)


def _compare(item: Architecture, folder: Path) -> bool:
    """Save a family from each form of each part; say whether all files are the same."""
    folder.mkdir(parents=True)
    started = monotonic()
    try:
        own = {part: _own(folder, part, place) for part, place in _parts(item).items()}
        whole = _save(item, own, folder / "whole")
        wanted = _digest(whole)
        others = [
            (form, _digest(_save(item, own | files, folder / "other")))
            for form, files in _others(item, own, whole)
        ]
        size = sum(source.path.stat().st_size for source in own.values())
    finally:
        shutil.rmtree(folder)
    different = [form for form, digest in others if digest != wanted]
    sys.stdout.write(
        f"{item.id}: {size / 1e9:.1f} GB, {len(others)} other sources, "
        f"{'different: ' + ', '.join(different) if different else 'all the same'} "
        f"({wanted[:12]}, {monotonic() - started:.0f} s)\n"
    )
    sys.stdout.flush()
    return not different


def _parts(item: Architecture) -> Mapping[str, Placement]:
    """Return the diffusion model, the VAE, and encoders that come in more than one spelling.

    The others would only take time: T5 has the same names everywhere.
    """
    return {
        part: placement
        for part, placement in item.placements.items()
        if part in {"unet", "vae"} or _other_forms(placement.component)
    }


def _other_forms(component: Component) -> list[Form]:
    """Return the forms that a whole part can be read from, the usual one left out."""
    lossy = {key for form in component.forms if form.warning for key in (form.name,)}
    return [form for form in component.forms if form.name not in _SAME | lossy]


def _others(
    item: Architecture, own: Mapping[str, _Source], whole: Path
) -> Iterator[tuple[str, dict[str, _Source]]]:
    """Write each part in each other form; the file is there until the next is asked for."""
    yield "whole checkpoint", {part: _Source(part, "checkpoint", whole) for part in own}
    whole.unlink()
    for part, source in own.items():
        for form in _other_forms(_parts(item)[part].component):
            other = _respelled(source, form)
            yield f"{part} {form.name}", {part: other}
            other.path.unlink()


def _own(folder: Path, part: str, placement: Placement) -> _Source:
    """Write the tensors that a part needs, under ComfyUI's names."""
    specs = placement.component.specs()
    rows = [
        TensorInfo(key, dtype, spec.usual_shape, 0, dtype.nbytes(spec.usual_shape))
        for key, spec in sorted(specs.items(), key=lambda item: (_dtype(item[1]).bits, item[0]))
        if spec.default is None
        for dtype in (_dtype(spec),)
    ]
    path = folder / f"{part}.safetensors"
    with path.open("wb") as file:
        file.write(encode_header(rows, {}))
        file.writelines(_numbers(part, sum(row.nbytes for row in rows)))
    return _Source(part, "native", path)


def _dtype(spec: Spec) -> DType:
    """Return fp16, or what stands in place of it where a tensor is no weight."""
    return spec.dtype if spec.dtype and not spec.dtype.convertible else DType.F16


def _numbers(seed: str, size: int) -> Iterator[bytes]:
    """Give numbers in fp16 between -2 and 2, no two pieces the same."""
    made = int.from_bytes(random.Random(seed).randbytes(_POOL))
    pool = (made & int.from_bytes(b"\xff\xbf" * (_POOL // 2))).to_bytes(_POOL)
    left, turn = size, 0
    while left:
        cut = 2 * (turn * 7_919 % (_POOL // 2))
        piece = (pool[cut:] + pool[:cut])[:left]
        yield piece
        left, turn = left - len(piece), turn + 1


def _respelled(source: _Source, form: Form) -> _Source:
    """Write a part as a form names it."""
    given = read_checkpoint(source.path)
    own: dict[str, Expr] = {key: read(0, info) for key, info in given.tensors.items()}
    path = source.path.with_name(f"{source.part}_{form.name}.safetensors")
    rows = tuple(PlannedTensor(key, expr) for key, expr in form.spelled(own).items())
    write(Plan(verb="save", sources=(given,), tensors=rows, metadata={}, output=path))
    return _Source(source.part, form.name, path)


def _save(item: Architecture, sources: Mapping[str, _Source], folder: Path) -> Path:
    """Save a checkpoint, whose title is its name: the same in every folder."""
    folder.mkdir(exist_ok=True)
    paths = {part: source.path for part, source in sources.items()}
    recipe = Assemble(
        model=paths["unet"],
        vae=paths.get("vae"),
        clip_vision=paths.get("clip_vision"),
        text_encoders=tuple({paths[part]: 0 for part in item.text_encoders if part in paths}),
        target=item.id,
        allow_missing=True,
        output=Output(path=folder / "checkpoint.safetensors", overwrite=True),
    )
    return write(plan(recipe)).path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
