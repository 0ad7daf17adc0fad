"""Compute the values of a merge method: one function for each method of ``core.merging``."""

from collections.abc import Callable, Mapping, Sequence

import torch

from ckpt_studio.core.merging.adjusting import OFFSET, SCALE
from ckpt_studio.core.merging.methods import METHODS, Reach, completed, method
from ckpt_studio.engine._torch.merging import deltas, geometry, linear, selective, smoothing
from ckpt_studio.engine._torch.merging.linear import Tensors, Values
from ckpt_studio.engine._torch.merging.place import Place, blocks

__all__ = ["Place", "blend", "pooled", "statistics"]

_Plain = Callable[[Tensors, Values], torch.Tensor]
_Placed = Callable[[Tensors, Values, Place], torch.Tensor]

_ELEMENTS: Mapping[str, _Plain] = {
    "copy": linear.copy,
    "weighted_sum": linear.weighted_sum,
    "average": linear.average,
    "add_difference": linear.add_difference,
    "sum_twice": linear.sum_twice,
    "triple_sum": linear.triple_sum,
    "similarity": linear.similarity,
    "train_difference": linear.train_difference,
    "task_arithmetic": linear.task_arithmetic,
    SCALE: linear.scale,
    OFFSET: linear.offset,
}
_RANDOM_ELEMENTS: Mapping[str, _Placed] = {"dare": deltas.dare, "dare_ties": deltas.dare_ties}
_TENSORS: Mapping[str, _Plain] = {
    "smooth_add": smoothing.smooth_add,
    "tensor_sum": selective.tensor_sum,
    "extract": selective.extract,
    "slerp": geometry.slerp,
    "perpendicular": geometry.perpendicular,
    "geometric_median": geometry.geometric_median,
    "ties": deltas.ties,
    "breadcrumbs": deltas.breadcrumbs,
    "model_stock": deltas.model_stock,
}
_MODELS = {spec.id for spec in METHODS if spec.reach is Reach.MODEL}


def blend(
    method: str, inputs: Sequence[torch.Tensor], parameters: Mapping[str, float], place: Place
) -> torch.Tensor:
    """Return the merged values, fp32, in the shape of the inputs.

    ``inputs`` are fp32 tensors of one shape: whole ones, or for element-wise methods flat slices
    that begin at element ``place.start``, a multiple of 65,536. The first may be overwritten and
    must share no memory with the others, which are left alone. Missing parameters have their
    defaults; those of ``pooled`` must be there for methods that need them.

    Raises:
        PlanError: there is no such method.
    """
    if method in (SCALE, OFFSET):
        return _by_elements(method, inputs, parameters, place)
    values = _completed(method, len(inputs), parameters)
    if method in _ELEMENTS or method in _RANDOM_ELEMENTS:
        return _by_elements(method, inputs, values, place)
    if not inputs[0].numel():
        return inputs[0]
    whole = [tensor.contiguous() for tensor in inputs]
    if method in _MODELS:
        return selective.cosine(method, whole, values)
    if method == "della":
        return deltas.della(whole, values, place)
    return _TENSORS[method](whole, values)


def _completed(name: str, count: int, parameters: Mapping[str, float]) -> dict[str, float]:
    return completed(method(name), count, parameters)


def _by_elements(name: str, inputs: Tensors, values: Values, place: Place) -> torch.Tensor:
    """Go through the values in blocks that stay in the cache; the result takes A's place."""
    flat = [tensor.reshape(-1) for tensor in inputs]
    for part in blocks(flat[0].numel()):
        block = [tensor[part] for tensor in flat]
        if name in _ELEMENTS:
            result = _ELEMENTS[name](block, values)
        else:
            where = Place(place.key, place.seed, place.start + part.start)
            result = _RANDOM_ELEMENTS[name](block, values, where)
        if result is not block[0]:
            block[0].copy_(result)
    return flat[0].reshape(inputs[0].shape)


def statistics(
    method: str,
    inputs: Sequence[torch.Tensor],
    parameters: Mapping[str, float],  # noqa: ARG001 - part of what a method may look at
) -> torch.Tensor:
    """Return what a method needs to know of a tensor before any is computed: flat, fp64.

    ``inputs`` are as for ``blend`` and are not changed.
    """
    return selective.column_cosines(method, [tensor.contiguous() for tensor in inputs])


def pooled(method: str, found: Sequence[torch.Tensor]) -> Mapping[str, float]:  # noqa: ARG001
    """Return the parameters that the statistics of all tensors give: ``low`` and ``high``."""
    return selective.pooled_range(found)
