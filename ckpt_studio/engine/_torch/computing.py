"""Compute blended and adapted tensors from the bytes of sources, in fp32."""

from math import prod

import torch

from ckpt_studio.core.expr import Adapter, AddAdapter, Blend, Cast, Computed, Expr, Factor, Zeros
from ckpt_studio.core.lora.factoring import DIFFERENCE, plain_loras
from ckpt_studio.core.merging.tables import OVERLAY
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine._torch.adapters import apply
from ckpt_studio.engine._torch.casting import TORCH
from ckpt_studio.engine._torch.factors import Factors, factors_of, joined, nearest_of_product
from ckpt_studio.engine._torch.methods import Place, blend
from ckpt_studio.engine.evaluate import Convert, materialise
from ckpt_studio.engine.factoring import Factored
from ckpt_studio.engine.lowering import Mixed, cut, lower
from ckpt_studio.engine.sources import Sources
from ckpt_studio.engine.stepping import SLICE_VALUES, elementwise, slices_anywhere, step_of

_READ = TORCH | {
    DType.I64: torch.int64,
    DType.I32: torch.int32,
    DType.I16: torch.int16,
    DType.I8: torch.int8,
    DType.U8: torch.uint8,
}
"""Types that are read as numbers; adapters have whole numbers now and then, such as alpha."""

_MOST_KNOWN = 8
_LARGEST_KNOWN = 1 << 20
"""How many adapters are kept for the next rows of their tensors, and of how many values."""


class Computer:
    """Computes slices, rows or whole tensors in one thread, with buffers that are used again."""

    def __init__(
        self, sources: Sources, convert: Convert, factored: Factored | None = None
    ) -> None:
        self._sources = sources
        self._factored = factored or Factored()
        self._convert = convert
        self._raw = bytearray(SLICE_VALUES * 8)
        self._slices: list[torch.Tensor] = []
        self._known: dict[Adapter, dict[str, torch.Tensor]] = {}

    def fill(self, segment: Mixed, into: memoryview) -> None:
        """Write the fp32 values of a segment into a view of their size."""
        if segment.start == segment.stop:
            return
        target = torch.frombuffer(into, dtype=torch.float32)
        result = self._computed(segment.expr, segment.start, segment.stop, target)
        if result.data_ptr() != target.data_ptr():
            target.copy_(result)

    def tensor(self, expr: Expr) -> torch.Tensor:
        """Return a whole tensor in fp32 and its shape, in memory of its own."""
        count = prod(expr.shape)
        return self._values(expr, 0, count, torch.empty(count)).reshape(expr.shape)

    def _values(self, expr: Expr, start: int, stop: int, into: torch.Tensor) -> torch.Tensor:
        """Return values ``start`` to ``stop``, 1-D; they may lie in ``into`` or elsewhere."""
        if isinstance(expr, Computed):
            return self._computed(expr, start, stop, into)
        if isinstance(expr, Zeros):
            return into.zero_()
        return self._read(expr, start, stop, into)

    def _computed(self, expr: Computed, start: int, stop: int, into: torch.Tensor) -> torch.Tensor:
        if isinstance(expr, Factor):
            side: torch.Tensor = self._factored.side(expr, lambda: self.factors(expr))
            return side.reshape(-1)[start:stop]
        if isinstance(expr, AddAdapter):
            return self._adapted(expr, start, stop, into)
        aligned = slices_anywhere(expr) or not start % SLICE_VALUES
        if elementwise(expr) and stop - start <= SLICE_VALUES and aligned:
            return self._sliced(expr, start, stop, into)
        return self._blended(expr).reshape(-1)[start:stop]

    def _sliced(self, expr: Blend, start: int, stop: int, into: torch.Tensor) -> torch.Tensor:
        count = stop - start
        first, *others = expr.inputs
        inputs = [self._values(first, start, stop, into)]
        buffers, self._slices = self._slices, []  # what inputs are made of takes others
        while len(buffers) < len(others):
            buffers.append(torch.empty(SLICE_VALUES))
        for part, buffer in zip(others, buffers, strict=False):
            inputs.append(self._values(part, start, stop, buffer[:count]))
        self._slices = buffers
        return _blend(expr, inputs, start)

    def _blended(self, expr: Blend) -> torch.Tensor:
        """Return a whole tensor; element-wise methods get it in slices, as they always do."""
        if not elementwise(expr):
            return _blend(expr, [self.tensor(part) for part in expr.inputs], 0)
        count = prod(expr.shape)
        if not any(isinstance(part, Computed) for part in expr.inputs):
            return self._from_slices(expr, torch.empty(count))
        inputs = [self.tensor(part).reshape(-1) for part in expr.inputs]
        result = torch.empty(count)
        for start in range(0, count, SLICE_VALUES):
            stop = start + SLICE_VALUES
            result[start:stop] = _blend(expr, [part[start:stop] for part in inputs], start)
        return result

    def _from_slices(self, expr: Blend, result: torch.Tensor) -> torch.Tensor:
        """Fill a tensor slice by slice: its inputs are never there as a whole."""
        for start in range(0, result.numel(), SLICE_VALUES):
            into = result[start : start + SLICE_VALUES]
            part = self._sliced(expr, start, start + into.numel(), into)
            if part.data_ptr() != into.data_ptr():
                into.copy_(part)
        return result

    def factors(self, expr: Factor) -> Factors:
        """Return both sides of a tensor, of LoRAs without making the tensor itself."""
        loras = plain_loras(expr.of)
        if loras is None:
            return factors_of(self.tensor(expr.of).flatten(1), expr.rank, expr.key)
        sides = [
            (each.strength, {role: self.tensor(part) for role, part in each.tensors})
            for each in loras
        ]
        up, down = joined(sides)
        return Factors.whole(up, down) if expr.exact else nearest_of_product(up, down, expr.rank)

    def _adapted(self, expr: AddAdapter, start: int, stop: int, into: torch.Tensor) -> torch.Tensor:
        """Return the rows asked for, or values of a tensor that is computed as a whole."""
        count, row = prod(expr.shape), prod(expr.shape[1:]) or 1
        if step_of(expr) >= count:
            weight = self.tensor(expr.of)
            return self._changed(expr.adapter, weight, None).reshape(-1)[start:stop]
        rows = (start // row, -(-stop // row))
        if (start, stop) != (rows[0] * row, rows[1] * row):
            into = torch.empty((rows[1] - rows[0]) * row)
        weight = self._values(expr.of, rows[0] * row, rows[1] * row, into)
        shaped = weight.reshape(rows[1] - rows[0], *expr.shape[1:])
        result = self._changed(expr.adapter, shaped, rows).reshape(-1)
        return result[start - rows[0] * row : stop - rows[0] * row]

    def _changed(
        self, adapter: Adapter, weight: torch.Tensor, rows: tuple[int, int] | None
    ) -> torch.Tensor:
        factors = self._known.get(adapter)
        if factors is None:
            factors = {role: self.tensor(part) for role, part in adapter.tensors}
            if rows is not None:  # the next rows take the same
                self._remember(adapter, factors)
        return apply(adapter.kind, adapter.strength, weight, factors, rows, own=True)

    def _remember(self, adapter: Adapter, factors: dict[str, torch.Tensor]) -> None:
        while len(self._known) >= _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        if sum(each.numel() for each in factors.values()) <= _LARGEST_KNOWN:
            self._known[adapter] = factors

    def _read(self, expr: Expr, start: int, stop: int, into: torch.Tensor) -> torch.Tensor:
        """Read values and widen them; a slice goes through a buffer that is used again.

        What is read may hold computed parts, which read in turn: the buffer is not theirs then.
        """
        if isinstance(expr, Cast) and expr.dtype is DType.F32:
            expr = expr.of  # what is read is widened anyway
        size = expr.dtype.bits // 8
        buffer, self._raw = self._raw, bytearray()
        raw = memoryview(buffer)[: (stop - start) * size]
        if len(raw) < (stop - start) * size:
            raw = memoryview(bytearray((stop - start) * size))
        if raw:
            segments = cut(lower(expr), start * size, stop * size)
            materialise(segments, raw, self._sources, self._convert, self.fill)
            into.copy_(torch.frombuffer(raw, dtype=_READ[expr.dtype]))
        self._raw = buffer
        return into


def _blend(expr: Blend, inputs: list[torch.Tensor], start: int) -> torch.Tensor:
    if expr.method == DIFFERENCE:
        return inputs[0].sub_(inputs[1])
    if expr.method == OVERLAY:
        return _overlaid(*inputs)
    numbers = dict(expr.parameters)
    return blend(expr.method, inputs, numbers, Place(expr.key, int(numbers.get("seed", 0)), start))


def _overlaid(base: torch.Tensor, top: torch.Tensor) -> torch.Tensor:
    """Return a weight with the input channels (dimension 1) that both have taken from ``top``."""
    channels = min(base.shape[1], top.shape[1])
    base[:, :channels] = top[:, :channels]
    return base
