"""The plan of a merge: every tensor of the first model, computed, taken or copied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ckpt_studio.core.assembly.assembling import assemble
from ckpt_studio.core.assembly.kept_types import Guard
from ckpt_studio.core.assembly.tidying import is_position_ids, left_out, positions
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.expr import Blend, Expr, cast, read
from ckpt_studio.core.families.part_names import is_text_encoder
from ckpt_studio.core.lora.adding import LoraFile, with_adapters
from ckpt_studio.core.merging.adjusting import adjusted
from ckpt_studio.core.merging.checks import (
    merge_problems,
    require_adjustable,
    require_family,
    require_plain,
)
from ckpt_studio.core.merging.methods import MethodSpec, exact_input, method
from ckpt_studio.core.merging.partitions import Partition
from ckpt_studio.core.merging.partitions import partition as partition_of
from ckpt_studio.core.merging.result_metadata import result_metadata
from ckpt_studio.core.merging.summaries import part_summaries
from ckpt_studio.core.merging.tables import (
    Share,
    Table,
    counterparts,
    entries,
    gathered,
    led_back,
    owners,
    replaced,
    table_of,
)
from ckpt_studio.core.merging.values import (
    Values,
    giver,
    require_blocks,
    require_sound,
    with_seed,
)
from ckpt_studio.core.plan import (
    AdapterCoverage,
    Coverage,
    Dropped,
    Plan,
    PlannedTensor,
    file_order,
)
from ckpt_studio.core.recipe import Assemble, Convert, Merge, precision_for
from ckpt_studio.core.recognition import Opened
from ckpt_studio.core.tensors import DType, TensorInfo

_UNET = "unet"
"""What the tensors of a model that nobody knows are to a LoRA."""


def merge(recipe: Merge, opened: Mapping[Path, Opened]) -> Plan:
    """Return the plan of a merge; reads nothing but headers.

    The result has names, layout and metadata of the first model (A). Each of its tensors is matched
    with those of the others by ComfyUI's names, so that they may be spelled and fused differently.

    Raises:
        PlanError: the choices make no plan, or the models do not belong together.
    """
    if not recipe.models:
        raise PlanError("There is nothing to merge.", "Name at least one model.")
    work = _Merging.of(recipe, opened)
    require_plain(recipe, opened)
    work.blend()
    work.bake_vae()
    work.add_adapters()
    work.adjust()
    require_family(recipe, opened, work.tables, work.coverage())
    rows = work.rows()
    first = opened[recipe.models[0]].checkpoint
    return Plan(
        verb="merge",
        target=opened[recipe.models[0]].recognition.architecture,
        sources=tuple(opened[path].checkpoint for path in recipe.sources),
        tensors=tuple(sorted(rows, key=file_order)),
        metadata=result_metadata(recipe, opened),
        parts=part_summaries(recipe.sources, rows, first.tensors),
        dropped=tuple(Dropped(name, reason) for name, reason in work.gone.items()),
        problems=merge_problems(recipe, opened, work.tables, work.coverage()),
        on_overflow=recipe.on_overflow,
        overwrite=recipe.output.overwrite,
        coverage=work.coverage(),
    )


@dataclass(slots=True)
class _Merging:
    """What becomes of the tensors of A, by their names in its file; grows step by step."""

    recipe: Merge
    opened: Mapping[Path, Opened]
    a: Opened
    spec: MethodSpec
    tables: tuple[Table, ...]
    values: Values
    gone: Mapping[str, str]
    result: dict[str, Expr] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    adapters: tuple[AdapterCoverage, ...] = ()

    @classmethod
    def of(cls, recipe: Merge, opened: Mapping[Path, Opened]) -> "_Merging":
        """Open the tables of all models and check the choices against them."""
        a, spec = opened[recipe.models[0]], method(recipe.method)
        places = {path: place for place, path in enumerate(recipe.sources)}
        tables = tuple(table_of(opened[path], places[path]) for path in recipe.models)
        require_sound(recipe, spec, tables[0])
        partition = _partition(recipe, a, tables[0])
        gone = left_out(Convert(recipe.models[0], prune=recipe.prune), a)
        return cls(recipe, opened, a, spec, tables, Values(recipe, spec, partition), gone)

    def blend(self) -> None:
        """Compute what is to be merged, and take parts that another model gives."""
        tensors = self.a.checkpoint.tensors
        others = [counterparts(self.tables[0], each, tensors) for each in self.tables[1:]]
        for name, (part, key) in owners(self.tables[0]).items():
            tensor = tensors[name]
            if name in self.gone or not _mergeable(tensor):
                continue
            inputs = [read(0, tensor), *(each.get(name) for each in others)]
            given = giver(self.recipe, part)
            if given is not None:
                chosen = inputs[given]
                if given and chosen is not None:
                    self.result[name] = chosen
                    self.taken.add(name)
                continue
            complete = [each for each in inputs if each is not None]
            if len(complete) == len(inputs):
                self.result[name] = self._blended(complete, part, key, name)
                self.merged.add(name)

    def _blended(self, inputs: list[Expr], part: str, key: str, name: str) -> Expr:
        numbers = self.values.of(part, key, name)
        exact = exact_input(self.spec, numbers, len(inputs))
        if exact is not None:
            return inputs[exact]
        numbers = with_seed(numbers, self.spec, self.recipe.seed)
        parameters = tuple(sorted(numbers.items()))
        return Blend(self.spec.id, tuple(inputs), parameters, f"{part}.{key}")

    def bake_vae(self) -> None:
        """Take the VAE of another file."""
        if self.recipe.vae is None:
            return
        place = self.recipe.sources.index(self.recipe.vae)
        theirs = table_of(self.opened[self.recipe.vae], place)
        own = {"vae": self.tables[0].get("vae", {})}
        found = counterparts(own, theirs, self.a.checkpoint.tensors)
        self.result |= found
        self.taken |= found.keys()
        self.merged -= found.keys()

    def add_adapters(self) -> None:
        """Bake LoRAs into what was merged, in their order."""
        if not self.recipe.loras:
            return
        own = self.tables[0]
        before = {part or _UNET: self._widened(tensors) for part, tensors in own.items()}
        loras = [
            LoraFile(
                self.opened[lora.path].checkpoint,
                self.recipe.sources.index(lora.path),
                partial(self.values.strength, lora),
            )
            for lora in self.recipe.loras
        ]
        after, self.adapters = with_adapters(before, self.a.recognition.architecture, loras)
        self._put_back(before, after)

    def _widened(self, tensors: Mapping[str, Expr]) -> dict[str, Expr]:
        """Return the tensors as they are so far, in fp32 where they are floating numbers."""
        so_far = {key: replaced(expr, self.result) for key, expr in tensors.items()}
        return {
            key: cast(expr, DType.F32) if expr.dtype.convertible else expr
            for key, expr in so_far.items()
        }

    def _put_back(self, before: Table, after: Table) -> None:
        """Put changed tensors together again as A's file has them."""
        shares: dict[str, list[Share]] = {}
        changed: set[str] = set()
        for part, key, expr in entries(self.tables[0]):
            place = part or _UNET
            found = led_back(expr, after[place][key]) or []
            for share in found:
                shares.setdefault(share.name, []).append(share)
            if after[place][key] != before[place][key]:
                changed |= {share.name for share in found}
        for name in changed:
            whole = gathered(self.a.checkpoint.tensors[name], shares[name])
            if whole is not None:
                self.result[name] = whole
                self.taken.discard(name)
                self.merged.add(name)

    def adjust(self) -> None:
        """Change the six tensors that give a picture its look."""
        numbers = self.recipe.adjust
        if not any(numbers):
            return
        require_adjustable(self.a, numbers)
        sdxl = (self.a.recognition.architecture or "").startswith("sdxl")
        for name, (part, key) in owners(self.tables[0]).items():
            expr = self.result.get(name, read(0, self.a.checkpoint.tensors[name]))
            new = adjusted(part, key, expr, numbers, sdxl=sdxl)
            if new != expr:
                self.result[name] = new
                self.merged.add(name)

    def coverage(self) -> Coverage:
        """Return what becomes of the tensors of A, in numbers."""
        tensors = self.a.checkpoint.tensors.keys() - self.gone.keys()
        merged, taken = len(self.merged & tensors), len(self.taken & tensors)
        only, conflicts = self._differences()
        return Coverage(
            total=len(tensors),
            merged=merged,
            taken=taken,
            copied=len(tensors) - merged - taken,
            only_in_others=only,
            conflicts=conflicts,
            adapters=self.adapters,
        )

    def _differences(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return names that only other models have, and those of another shape.

        Parts that one model gives are left out: there both are what the user asked for.
        """
        only: dict[str, None] = {}
        conflicts: dict[str, None] = {}
        for table in self.tables[1:]:
            for part, key, expr in entries(table):
                if part in self.tables[0] and giver(self.recipe, part) is not None:
                    continue
                own = self.tables[0].get(part, {}).get(key)
                if own is None:
                    only[f"{part}.{key}" if part else key] = None
                elif own.shape != expr.shape and not _shown_merged(own, self.merged):
                    conflicts[f"{part}.{key}" if part else key] = None
        return tuple(only), tuple(conflicts)

    def rows(self) -> list[PlannedTensor]:
        """Return the rows of the output."""
        if self.a.checkpoint.container == "diffusers":
            return self._assembled()
        part_of, guard = self.a.recognition.part_of(), Guard(self.a)
        rows: list[PlannedTensor] = []
        for tensor in self.a.checkpoint.tensors.values():
            if tensor.name in self.gone:
                continue
            part = part_of.get(tensor.name, "")
            expr = self.result.get(tensor.name, read(0, tensor))
            if is_position_ids(tensor) and tensor.dtype.convertible:
                expr = positions(tensor.shape)
            elif tensor.dtype.convertible:
                expr = cast(expr, self._dtype(tensor, part, guard))
            rows.append(PlannedTensor(tensor.name, expr, part))
        return rows

    def _dtype(self, tensor: TensorInfo, part: str, guard: Guard) -> DType:
        wanted = precision_for(
            self.recipe.precision, part, text_encoder=is_text_encoder(part)
        ).dtype
        if wanted is None or guard.reason(tensor):
            return tensor.dtype
        return wanted

    def _assembled(self) -> list[PlannedTensor]:
        """Return the rows of the checkpoint that a diffusers folder makes."""
        path = self.recipe.models[0]
        whole = Assemble(base=path, precision=self.recipe.precision, allow_missing=True)
        plan = assemble(whole, {path: self.a}, title=path.stem)
        return [
            PlannedTensor(row.name, cast(replaced(row.expr, self.result), row.dtype), row.part)
            if row.dtype.convertible
            else row
            for row in plan.tensors
        ]


def _partition(recipe: Merge, a: Opened, table: Table) -> Partition | None:
    uses_blocks = recipe.blocks or any(lora.blocks for lora in recipe.loras)
    if not uses_blocks:
        return None
    keys = {part or "unet": tuple(tensors) for part, tensors in table.items()}
    partition = partition_of(recipe.partition, a.recognition.architecture, keys)
    require_blocks(recipe, partition)
    return partition


def _mergeable(tensor: TensorInfo) -> bool:
    """Whether values of a tensor are weights: whole numbers and single ones are not (section 0)."""
    return tensor.dtype.convertible and tensor.parameters > 1 and not is_position_ids(tensor)


def _shown_merged(own: Expr, merged: set[str]) -> bool:
    """Whether a tensor was merged although its shape differs, as input layers are."""
    tensor = getattr(own, "tensor", None)
    return isinstance(tensor, TensorInfo) and tensor.name in merged
