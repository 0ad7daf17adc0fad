"""Texts that programs store in pictures: PNG, JPEG and WebP, read without decoding the picture."""

from ckpt_studio.formats.pictures.collected import Picture
from ckpt_studio.formats.pictures.png import without_comf
from ckpt_studio.formats.pictures.reading import is_picture, read_picture

__all__ = ["Picture", "is_picture", "read_picture", "without_comf"]
