"""The plan of a LoRA that holds what changed from one model to another (``merging.md`` 4.3).

Which tensors are equal is not known before they are read, so every weight that both models have
gets a row: ranks are chosen beforehand and make the size of the file known.
"""

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import Blend, Expr, cast
from ckpt_studio.core.families.part_names import is_text_encoder
from ckpt_studio.core.lora.factoring import DIFFERENCE, dtype_of, pair, require_ranks
from ckpt_studio.core.lora.matching import UNET
from ckpt_studio.core.lora.naming import module_names, network_metadata
from ckpt_studio.core.lora.recipes import ExtractLora
from ckpt_studio.core.metadata import apply_all
from ckpt_studio.core.plan import Plan, PlannedTensor, file_order
from ckpt_studio.core.problems import Problem, note
from ckpt_studio.core.quantised import companions
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.rewriting import with_source
from ckpt_studio.core.text import counted

_EMBEDDINGS = ("embedding.weight", "embed_tokens.weight", "shared.weight", "_bias.weight")
_MATRIX = 2

_Tensors = dict[str, dict[str, Expr]]


def extract_lora(recipe: ExtractLora, opened: Mapping[Path, Opened]) -> Plan:
    """Return the plan of a LoRA that makes B of A; reads nothing but headers.

    Raises:
        PlanError: the models are of no known family, not of the same one, or quantised.
    """
    require_ranks(recipe)
    architecture = _architecture(recipe, opened)
    a, b = (_tensors(recipe, opened, path) for path in (recipe.a, recipe.b))
    both = {
        part: {
            key: expr
            for key, expr in tensors.items()
            if part in b and key in b[part] and b[part][key].shape == expr.shape
        }
        for part, tensors in a.items()
    }
    left_out = [
        f"{part}.{key}" for part, tensors in a.items() for key in tensors if key not in both[part]
    ]
    if len(both[UNET]) * 2 < len(a[UNET]):
        kinds = " and ".join(
            f"“{path.name}” is {opened[path].recognition.name}" for path in (recipe.a, recipe.b)
        )
        raise PlanError(
            f"The models are of different families: {kinds}.", "Choose two models of one family."
        )
    rows = list(_rows(recipe, architecture, both, b))
    if not rows:
        raise PlanError("The models are equal: nothing would be left.", "Choose two others.")
    sizes = (None, None) if recipe.ranks else (recipe.rank, recipe.conv_rank)
    metadata = network_metadata(architecture, *sizes)
    return Plan(
        verb="lora",
        sources=tuple(opened[path].checkpoint for path in recipe.sources),
        tensors=tuple(sorted(rows, key=file_order)),
        metadata=dict(apply_all(recipe.metadata.edits, metadata)),
        target=architecture,
        problems=_problems(left_out),
        on_overflow=recipe.on_overflow,
        overwrite=recipe.output.overwrite,
    )


def _architecture(recipe: ExtractLora, opened: Mapping[Path, Opened]) -> str:
    families = [opened[path].recognition.architecture for path in (recipe.a, recipe.b)]
    for path, architecture in zip((recipe.a, recipe.b), families, strict=True):
        if architecture is None:
            raise PlanError(
                f"“{path.name}” holds no diffusion model that is known.",
                "A LoRA is extracted from two checkpoints or diffusion models of one family.",
            )
        codes = companions(opened[path].checkpoint.tensors)
        if codes:
            raise PlanError(
                f"“{path.name}” is quantised: it holds {min(codes)}.",
                "Use the version of this model in fp16, bf16, fp32 or plain fp8.",
            )
    return str(families[0])


def _tensors(recipe: ExtractLora, opened: Mapping[Path, Opened], path: Path) -> _Tensors:
    """Return the tensors of the parts that are wanted, read from their source."""
    source = recipe.sources.index(path)
    return {
        part.part: {
            key: with_source(expr, source)
            for key, expr in part.tensors.items()
            if expr.dtype.convertible and expr.shape
        }
        for part in opened[path].recognition.parts
        if part.part == UNET or (recipe.te and is_text_encoder(part.part))
    }


def _rows(
    recipe: ExtractLora, architecture: str, a: _Tensors, b: _Tensors
) -> Iterator[PlannedTensor]:
    shapes = {part: {key: expr.shape for key, expr in own.items()} for part, own in a.items()}
    names = module_names(architecture, shapes)
    dtype = dtype_of(recipe.precision)
    for part, tensors in a.items():
        for key, expr in tensors.items():
            change = Blend(DIFFERENCE, (b[part][key], expr), (), f"{part}.{key}")
            name = names[part, key]
            if len(expr.shape) < _MATRIX:
                if recipe.vectors:
                    end = "diff_b" if key.endswith(".bias") else "diff"
                    yield PlannedTensor(f"{name}.{end}", cast(change, dtype), part)
            elif most := _rank(recipe, key, expr.shape):
                rank = min(recipe.ranks.get(name, most), most)
                yield from pair(name, change, rank, dtype, part)


def _rank(recipe: ExtractLora, key: str, shape: tuple[int, ...]) -> int:
    """Return the rank of a weight, 0 where it is left out: embeddings are looked up, not added."""
    if key.endswith(_EMBEDDINGS) or not key.endswith(".weight"):
        return 0
    wide = prod(shape[_MATRIX:]) > 1
    wanted = recipe.rank if recipe.conv_rank is None or not wide else recipe.conv_rank
    return min(wanted, shape[0], prod(shape[1:]))


def _problems(left_out: list[str]) -> tuple[Problem, ...]:
    if not left_out:
        return ()
    message = (
        f"Not extracted: {counted(len(left_out), 'tensor')} of A that B has not in that shape."
    )
    return (note(message, "Compare both models to see them.", "left-out", tuple(left_out)),)
