"""What copied or dropped data offer to import: a picture, video, sound, JSON or text file."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData
from PySide6.QtGui import QImage, QImageWriter

from ckpt_studio.formats.media_endings import MEDIA_ENDINGS
from ckpt_studio.qt.drop import dropped_files

_TEXT_ENDINGS = frozenset({".json", ".txt"})
IMPORT_ENDINGS = (*MEDIA_ENDINGS, ".json", ".txt", ".safetensors", ".sft")
"""Files that are offered for choice."""

_ENCODED = ("image/png", "image/webp", "image/jpeg")
"""Forms in which other programs copy a picture together with its texts."""


def importable(path: Path) -> bool:
    """Whether a file belongs to the metadata by its name: media, texts that index no shards."""
    name = path.name.lower()
    if name.endswith(".index.json") or name == "model_index.json":
        return False
    return path.suffix.lower() in {*MEDIA_ENDINGS, *_TEXT_ENDINGS}


def import_sources(data: QMimeData) -> tuple[Path | bytes, ...]:
    """Return the files or the picture in copied data, in their order.

    A picture is taken in the form in which it keeps its texts, where there is one.
    """
    files = tuple(path for path in dropped_files(data) if importable(path))
    if files:
        return files
    for form in _ENCODED:
        if data.hasFormat(form):
            return (bytes(data.data(form).data()),)
    image = data.imageData() if data.hasImage() else None
    return (_encoded(image),) if isinstance(image, QImage) and not image.isNull() else ()


def _encoded(image: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(data.data())
