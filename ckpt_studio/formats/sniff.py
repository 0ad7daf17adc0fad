"""Says by content what a file is that is no safetensors file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guess:
    """What a file is ("a web page") and what to do about it."""

    what: str
    hint: str


_DOWNLOAD = "Download the model again, from its download button or with a download tool."
_CONVERT = "Nothing in it was run. Convert it to safetensors first."
_UNPACK = "Unpack it and open the model file inside."
_MAGIC: tuple[tuple[bytes, Guess], ...] = (
    (
        b"version https://git-lfs",
        Guess(
            "a Git LFS pointer, a small text that stands for the model",
            "Run 'git lfs pull' in its folder, or download the model itself.",
        ),
    ),
    (b"GGUF", Guess("a GGUF file", "GGUF files cannot be opened; use a safetensors file.")),
    (b"7z\xbc\xaf\x27\x1c", Guess("a 7z archive", _UNPACK)),
    (b"\x1f\x8b", Guess("a gzip archive", _UNPACK)),
    (b"Rar!\x1a\x07", Guess("a RAR archive", _UNPACK)),
    (b"BZh", Guess("a bzip2 archive", _UNPACK)),
    (b"\xfd7zXZ\x00", Guess("an xz archive", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Guess("a zstd archive", _UNPACK)),
    (b"\x89PNG\r\n\x1a\n", Guess("a PNG picture", "Choose the model, not its preview.")),
    (b"\xff\xd8\xff", Guess("a JPEG picture", "Choose the model, not its preview.")),
    (b"\x89HDF\r\n\x1a\n", Guess("an HDF5 file", "Use a safetensors file.")),
    (b"\x93NUMPY", Guess("a NumPy array", "Use a safetensors file.")),
    (b"\x7fELF", Guess("a program", "Do not run it; download the model from a place you trust.")),
    (b"MZ", Guess("a program", "Do not run it; download the model from a place you trust.")),
)
_PAGE = (b"<!doctype", b"<html", b"<head", b"<?xml")


def guess(head: bytes, size: int) -> Guess | None:
    """Name the content of a file from its first bytes (512 are enough); None when unknown."""
    if not size:
        return Guess("empty (0 bytes)", _DOWNLOAD)
    if not head.strip(b"\0"):
        return Guess(
            "filled with zeros", "The download was set up but never finished. " + _DOWNLOAD
        )
    return _by_magic(head) or _archive(head) or _text(head) or _pickle(head)


def _by_magic(head: bytes) -> Guess | None:
    return next((guess for magic, guess in _MAGIC if head.startswith(magic)), None)


def _archive(head: bytes) -> Guess | None:
    if head.startswith(b"PK\x03\x04"):
        if b".pkl" in head or b"/version" in head or b"/byteorder" in head:
            return Guess("a PyTorch pickle checkpoint (zip)", _CONVERT)
        return Guess("a zip archive", _UNPACK)
    if head[257:262] == b"ustar":
        return Guess("a tar archive", _UNPACK)
    return None


def _text(head: bytes) -> Guess | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(_PAGE):
        return Guess("a web page, not a model", "The site may want you to log in. " + _DOWNLOAD)
    if text.startswith((b"{", b"[")):
        if any(word in text for word in (b'"error', b'"message', b'"detail')):
            return Guess("an error message of a web site (JSON), not a model", _DOWNLOAD)
        return Guess("a JSON text, not a model", "Choose the model file beside it.")
    return None


def _pickle(head: bytes) -> Guess | None:
    protocol = len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5  # noqa: PLR2004 - pickle 2 to 5
    if protocol or head.startswith((b"cos\n", b"cposix\n", b"c__builtin__\n", b"cbuiltins\n")):
        return Guess("a PyTorch pickle checkpoint", _CONVERT)
    if head.startswith((b"(", b"]", b"}")) and b"\n" in head:
        return Guess("an old pickle file", _CONVERT)
    return None
