"""Texts that programs store in pictures, videos, sounds and 3D models; nothing is decoded."""

from ckpt_studio.formats.media.reading import Media, Sort, is_media, read_media

__all__ = ["Media", "Sort", "is_media", "read_media"]
