"""Texts that programs store in pictures: PNG, JPEG and WebP, read without decoding the picture."""

from ckpt_studio.formats.pictures.collected import Collected
from ckpt_studio.formats.pictures.png import without_comf
from ckpt_studio.formats.pictures.reading import picture_kind, read_picture
from ckpt_studio.formats.pictures.source import Source

__all__ = ["Collected", "Source", "picture_kind", "read_picture", "without_comf"]
