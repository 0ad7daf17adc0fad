"""What the model itself says about the fields of the model specification."""

from datetime import date
from pathlib import Path

from ckpt_studio.core.editing.modelspec import FIELDS, PREFIX, VERSION, Level
from ckpt_studio.core.metadata import Metadata

_BFL = "https://github.com/black-forest-labs/flux"
_KNOWN = {
    # family: architecture, implementation, resolution; names from `merging.md` 3.2
    "sd15": ("stable-diffusion-v1", "sgm", "512x512"),
    "sd15_inpaint": ("stable-diffusion-v1-inpainting", "sgm", "512x512"),
    "sd20": ("stable-diffusion-v2-512", "sgm", "512x512"),
    "sd20_depth": ("stable-diffusion-v2-depth", "sgm", "512x512"),
    "sd20_inpaint": ("stable-diffusion-v2-inpainting", "sgm", "512x512"),
    "sd21_unclip_h": ("stable-diffusion-v2-unclip-h", "sgm", "768x768"),
    "sd21_unclip_l": ("stable-diffusion-v2-unclip-l", "sgm", "768x768"),
    "sd21_v": ("stable-diffusion-v2-768-v", "sgm", "768x768"),
    "sdxl": ("stable-diffusion-xl-v1-base", "sgm", "1024x1024"),
    "sdxl_ip2p": ("stable-diffusion-xl-v1-edit", "sgm", "1024x1024"),
    "sdxl_refiner": ("stable-diffusion-xl-v1-refiner", "sgm", "1024x1024"),
    "sdxl_vpred": ("stable-diffusion-xl-v1-base", "sgm", "1024x1024"),
    "sdxl_vpred_zsnr": ("stable-diffusion-xl-v1-base", "sgm", "1024x1024"),
    "sd3_medium": ("stable-diffusion-v3-medium", "sgm", "1024x1024"),
    "sd35_large": ("stable-diffusion-3-5-large", "sgm", "1024x1024"),
    "svd": ("stable-video-diffusion-img2vid-v1", "sgm", "1024x576"),
    "flux_dev": ("flux-1-dev", _BFL, "1024x1024"),
    "flux_schnell": ("flux-1-schnell", _BFL, "1024x1024"),
    "chroma": ("chroma", "https://huggingface.co/lodestones/Chroma", "1024x1024"),
    "lumina2": ("lumina-2", "https://github.com/Alpha-VLLM/Lumina-Image-2.0", "1024x1024"),
    "hunyuan_image_21": ("hunyuan-image-2.1", "diffusers", "2048x2048"),
}


def known_fields(
    metadata: Metadata, family: str | None, prediction: str | None, path: Path | None, today: date
) -> dict[str, str]:
    """Return values for required fields that are missing, with date and prediction, as known.

    Nothing that is there is changed, and nothing is guessed: a family without an entry in the
    specification leaves architecture, implementation and resolution to the user.
    """
    architecture, implementation, resolution = _KNOWN.get(family or "", ("", "", ""))
    values = {
        "sai_model_spec": VERSION,
        "architecture": architecture,
        "implementation": implementation,
        "title": path.stem if path else "",
        "resolution": resolution,
        "date": today.isoformat(),
        "prediction_type": prediction if prediction in {"epsilon", "v"} else "",
    }
    return {
        key: value
        for name, value in values.items()
        if value and (key := PREFIX + name) not in metadata
    }


def still_missing(metadata: Metadata) -> tuple[str, ...]:
    """Return the titles of required fields without a value."""
    return tuple(
        field.title for field in FIELDS if field.level is Level.MUST and field.key not in metadata
    )
