"""The fields of the Stability AI model specification, version 1.0.1 (``merging.md`` 3.2)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ckpt_studio.core.metadata import Metadata

PREFIX = "modelspec."
VERSION = "1.0.1"


class Level(StrEnum):
    """How much the specification asks for a field."""

    MUST = "must"
    SHOULD = "should"
    CAN = "can"


class Kind(StrEnum):
    """What a value looks like."""

    LINE = "line"
    TEXT = "text"  # several lines
    DATE = "date"
    IMAGE = "image"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class SpecField:
    """One field: its key, what people call it, what belongs into it, and common values."""

    name: str
    level: Level
    title: str
    hint: str
    kind: Kind = Kind.LINE
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The key in the metadata."""
        return PREFIX + self.name


@dataclass(frozen=True, slots=True)
class SpecProblem:
    """What is wrong with a field, as one sentence."""

    key: str
    sentence: str


ARCHITECTURES = (
    "stable-diffusion-v1",
    "stable-diffusion-v1-inpainting",
    "stable-diffusion-v2-512",
    "stable-diffusion-v2-768-v",
    "stable-diffusion-v2-depth",
    "stable-diffusion-v2-inpainting",
    "stable-diffusion-v2-unclip-h",
    "stable-diffusion-v2-unclip-l",
    "stable-diffusion-xl-v1-base",
    "stable-diffusion-xl-v1-refiner",
    "stable-diffusion-xl-v1-edit",
    "stable-diffusion-xl-turbo-v1",
    "stable-diffusion-v3-medium",
    "stable-diffusion-3-m",
    "stable-diffusion-3-5-large",
    "stable-video-diffusion-img2vid-v1",
    "stable-cascade-v1-stage-a",
    "stable-cascade-v1-stage-b",
    "stable-cascade-v1-stage-c",
    "flux-1-dev",
    "flux-1-schnell",
    "chroma",
    "lumina-2",
    "hunyuan-image-2.1",
)
"""Names that the specification and the most used trainers write."""

FIELDS = (
    SpecField(
        "sai_model_spec",
        Level.MUST,
        "Specification",
        "Version of the specification",
        choices=(VERSION, "1.0.0"),
    ),
    SpecField(
        "architecture",
        Level.MUST,
        "Architecture",
        "Model type; adapters end in /lora, /controlnet, /vae …",
        choices=ARCHITECTURES,
    ),
    SpecField(
        "implementation",
        Level.MUST,
        "Implementation",
        "Code that the key names follow",
        choices=(
            "sgm",
            "diffusers",
            "https://github.com/Stability-AI/generative-models",
            "https://github.com/black-forest-labs/flux",
            "https://github.com/comfyanonymous/ComfyUI",
        ),
    ),
    SpecField("title", Level.MUST, "Title", "Name that people read"),
    SpecField(
        "resolution",
        Level.MUST,
        "Resolution",
        "Width x height it was trained for",
        choices=("512x512", "768x768", "1024x1024"),
    ),
    SpecField("description", Level.SHOULD, "Description", "What it is made for", Kind.TEXT),
    SpecField("author", Level.SHOULD, "Author", "Person or company"),
    SpecField("date", Level.SHOULD, "Date", "When it was made, such as 2026-03-31", Kind.DATE),
    SpecField(
        "hash_sha256", Level.SHOULD, "Hash of the weights", "0x and 64 digits, without the header"
    ),
    SpecField("license", Level.CAN, "License", "Name or address of the license"),
    SpecField("usage_hint", Level.CAN, "Usage hint", "One short tip", Kind.TEXT),
    SpecField("trigger_phrase", Level.CAN, "Trigger words", "Words that a prompt needs"),
    SpecField("tags", Level.CAN, "Tags", "Words with commas between"),
    SpecField("thumbnail", Level.CAN, "Thumbnail", "Picture of 256 x 256", Kind.IMAGE),
    SpecField("merged_from", Level.CAN, "Merged from", "Titles with commas between"),
    SpecField(
        "prediction_type",
        Level.CAN,
        "Prediction",
        "What the model predicts",
        choices=("epsilon", "v"),
    ),
    SpecField("timestep_range", Level.CAN, "Timesteps", "First and last of 0 to 999, as 0,999"),
    SpecField("encoder_layer", Level.CAN, "Encoder layer", "Layers of the text encoder, as 2"),
    SpecField("preprocessor", Level.CAN, "Preprocessor", "What a ControlNet takes"),
    SpecField("implementation_version", Level.CAN, "Version of the code", "Commit or release"),
    SpecField(
        "is_negative_embedding",
        Level.CAN,
        "Negative embedding",
        "Whether it belongs into the negative prompt",
        Kind.FLAG,
        ("true", "false"),
    ),
    SpecField("unet_dtype", Level.CAN, "Precision of the model", "Such as fp16"),
    SpecField("vae_dtype", Level.CAN, "Precision of the VAE", "Such as fp16"),
)
"""All fields in the order of a form."""

_BY_KEY = {field.key: field for field in FIELDS}

_RESOLUTION = re.compile(r"[1-9]\d{0,4}x[1-9]\d{0,4}")
_HASH = re.compile(r"0x[0-9a-f]{64}")
_THUMBNAIL = re.compile(r"data:image/(?:jpeg|png|webp|gif|svg\+xml);base64,[A-Za-z0-9+/]+={0,2}")
_LAST_TIMESTEP = 999


def field_of(key: str) -> SpecField | None:
    """Return the field that a key is, None for a key that the specification does not know."""
    return _BY_KEY.get(key)


def check_value(key: str, value: str) -> str:
    """Say what is wrong with the value of a field, ``""`` where nothing is."""
    check = _CHECKS.get(key.removeprefix(PREFIX)) if key.startswith(PREFIX) else None
    return check(value) if check else ""


def check_spec(metadata: Metadata) -> tuple[SpecProblem, ...]:
    """Return what is wrong with the fields: values, and required ones that are missing.

    Metadata without any field of the specification follow another one and have nothing wrong.
    """
    if not any(key.startswith(PREFIX) for key in metadata):
        return ()
    problems = [
        SpecProblem(field.key, "Missing; the specification requires it.")
        for field in FIELDS
        if field.level is Level.MUST and field.key not in metadata
    ]
    for key, value in metadata.items():
        if sentence := check_value(key, value):
            problems.append(SpecProblem(key, sentence))
    return tuple(problems)


def _check_version(value: str) -> str:
    known = value in {VERSION, "1.0.0"}
    return "" if known else f"The specification has the versions 1.0.0 and {VERSION}."


def _check_resolution(value: str) -> str:
    return "" if _RESOLUTION.fullmatch(value) else "Write width and height as 1024x1024."


def _check_date(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return "Write the date as 2026-03-31, or with the time as 2026-03-31T12:00:00."
    return ""


def _check_hash(value: str) -> str:
    return "" if _HASH.fullmatch(value) else "A hash is 0x and 64 digits from 0 to 9 and a to f."


def _check_thumbnail(value: str) -> str:
    whole = _THUMBNAIL.fullmatch(value)
    return "" if whole else "A thumbnail is a data:image/jpeg;base64,… text."


def _check_timesteps(value: str) -> str:
    ends = value.replace(" ", "").split(",")
    if len(ends) == 2 and all(end.isdecimal() for end in ends):  # noqa: PLR2004 - first and last
        first, last = map(int, ends)
        if first <= last <= _LAST_TIMESTEP:
            return ""
    return "Write the first and the last timestep as 0,999."


def _check_flag(value: str) -> str:
    return "" if value in {"true", "false"} else "Write true or false."


def _check_layer(value: str) -> str:
    return "" if value.isdecimal() else "Write a number such as 2."


_CHECKS: dict[str, Callable[[str], str]] = {
    "sai_model_spec": _check_version,
    "resolution": _check_resolution,
    "date": _check_date,
    "hash_sha256": _check_hash,
    "thumbnail": _check_thumbnail,
    "timestep_range": _check_timesteps,
    "is_negative_embedding": _check_flag,
    "encoder_layer": _check_layer,
}
