"""Files that are taken for pictures or their texts and cannot be read, named by their content."""

from ckpt_studio.formats.sniff import Guess

PICTURES = "Choose a PNG, JPEG or WebP picture, as the program that made it saved it."
_VIDEOS = "Choose a PNG, JPEG or WebP picture, or a workflow that ComfyUI exported as JSON."
_AGAIN = "Choose another file, or copy or download it again."
_MAGIC: tuple[tuple[bytes, Guess], ...] = (
    (b"GIF8", Guess("a GIF picture", PICTURES)),
    (b"II*\0", Guess("a TIFF picture", PICTURES)),
    (b"MM\0*", Guess("a TIFF picture", PICTURES)),
    (b"8BPS", Guess("a Photoshop picture", PICTURES)),
    (b"\xff\x0a", Guess("a JPEG XL picture", PICTURES)),
    (b"\0\0\0\x0cJXL ", Guess("a JPEG XL picture", PICTURES)),
    (b"\x1aE\xdf\xa3", Guess("a WebM or Matroska video", _VIDEOS)),
    (
        b"version https://git-lfs",
        Guess(
            "a Git LFS pointer, a small text that stands for the file",
            "Run 'git lfs pull' in its folder, or download the file itself.",
        ),
    ),
)
_PICTURE_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"}
_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body")


def what_else(head: bytes, size: int) -> Guess | None:
    """Say what a file is from its first bytes (512 are enough); None for all that may be read."""
    if not size:
        return Guess("empty (0 bytes)", _AGAIN)
    if not head.strip(b"\0"):
        return Guess("filled with zeros", _AGAIN)
    known = next((guess for magic, guess in _MAGIC if head.startswith(magic)), None)
    return known or _by_parts(head) or _marked_up(head)


def _by_parts(head: bytes) -> Guess | None:
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return Guess("a BMP picture", PICTURES)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return Guess("an AVI video", _VIDEOS)
    if head[4:8] != b"ftyp":
        return None
    if head[8:12] in _PICTURE_BRANDS:
        return Guess("an AVIF or HEIC picture", PICTURES)
    return Guess("an MP4 or QuickTime video", _VIDEOS)


def _marked_up(head: bytes) -> Guess | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PAGE):
        hint = "The site may want you to log in. Open the page and save the file itself."
        return Guess("a web page", hint)
    if text.startswith((b"<svg", b"<?xml")):
        return Guess("an SVG picture" if b"<svg" in text else "an XML text", PICTURES)
    return None
