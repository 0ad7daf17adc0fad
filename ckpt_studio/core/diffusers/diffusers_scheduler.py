"""What the scheduler of a diffusers folder tells about its model: how it predicts."""

from collections.abc import Mapping

from ckpt_studio.core.diffusers.diffusers_layout import layout_of
from ckpt_studio.core.families.architecture import Architecture, of_same_shape

_USUAL: Mapping[str, object] = {
    "prediction_type": "epsilon",
    "rescale_betas_zero_snr": False,
    "sigma_data": None,
}
"""The settings that tell families of one shape apart, with what they are where nothing is said."""


def told_by_scheduler(
    architecture: Architecture, settings: Mapping[str, object]
) -> Architecture | None:
    """Return the family of the same shape that has such a scheduler.

    None when there is nothing to tell apart, or no family has it.
    """
    alike = [item for item in of_same_shape(architecture) if item.diffusers]
    if len(alike) < 2:  # noqa: PLR2004 - two have to be told apart
        return None
    fitting = [
        item for item in alike if _telling(layout_of(item).scheduler.config) == _telling(settings)
    ]
    return architecture if architecture in fitting else next(iter(fitting), None)


def _telling(settings: Mapping[str, object]) -> list[object]:
    return [settings.get(key, usual) for key, usual in _USUAL.items()]
