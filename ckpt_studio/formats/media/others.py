"""Files that are taken for media or their texts and cannot be read, named by their content."""

from ckpt_studio.formats.sniff import Guess

CHOOSE = (
    "Choose a picture (PNG, JPEG, WebP, AVIF), a video (MP4, MOV, WebM, MKV) or a sound "
    "(FLAC, Ogg, MP3), as the program that made it saved it."
)
_AGAIN = "Choose another file, or copy or download it again."
_MAGIC: tuple[tuple[bytes, Guess], ...] = (
    (b"GIF8", Guess("a GIF picture", CHOOSE)),
    (b"II*\0", Guess("a TIFF picture", CHOOSE)),
    (b"MM\0*", Guess("a TIFF picture", CHOOSE)),
    (b"8BPS", Guess("a Photoshop picture", CHOOSE)),
    (b"\xff\x0a", Guess("a JPEG XL picture", CHOOSE)),
    (b"\0\0\0\x0cJXL ", Guess("a JPEG XL picture", CHOOSE)),
    (
        b"version https://git-lfs",
        Guess(
            "a Git LFS pointer, a small text that stands for the file",
            "Run 'git lfs pull' in its folder, or download the file itself.",
        ),
    ),
)
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
        return Guess("a BMP picture", CHOOSE)
    riff = {b"AVI ": Guess("an AVI video", CHOOSE), b"WAVE": Guess("a WAV sound", CHOOSE)}
    return riff.get(head[8:12]) if head[:4] == b"RIFF" else None


def _marked_up(head: bytes) -> Guess | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PAGE):
        hint = "The site may want you to log in. Open the page and save the file itself."
        return Guess("a web page", hint)
    return Guess("an XML text", CHOOSE) if text.startswith(b"<?xml") else None
