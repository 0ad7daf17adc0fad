"""Small pictures in metadata: read from a data address and written as one, within limits.

``merging.md`` 3.5: ``data:image/…;base64,…``, 256 pixels square, JPEG of quality 85.
"""

import base64
import binascii
import json
from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QImageWriter

THUMBNAIL = 256
_QUALITY = 85
_MOST_BYTES = 64 << 20
_MOST_PIXELS = 1 << 26
_START = "data:image/"
_COVERS = "ssmd_cover_images"
_MOST_COVERS = 32
_SUFFIXES = {"jpeg": ".jpg", "svg+xml": ".svg"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in metadata: as bytes, and decoded with its shorter side at most 512 pixels.

    ``kind`` is the format as Qt calls it, such as ``jpeg``; ``width`` and ``height`` are in pixels.
    """

    data: bytes
    image: QImage
    kind: str
    width: int
    height: int

    @property
    def suffix(self) -> str:
        """The end of a file name for the bytes."""
        return _SUFFIXES.get(self.kind, f".{self.kind}")


def may_be_pictures(key: str, value: str) -> bool:
    """Whether a value has the marks of pictures; quick, says nothing about their inside."""
    return value.startswith(_START) or (key == _COVERS and value.lstrip().startswith('["'))


def pictures_in(key: str, value: str) -> tuple[Picture, ...]:
    """Return the pictures of a value: a data address, or the list that trainers write."""
    if not may_be_pictures(key, value):
        return ()
    addresses = [value] if value.startswith(_START) else _listed(value)
    found = (_picture(_bytes_of(address)) for address in addresses[:_MOST_COVERS])
    return tuple(picture for picture in found if picture is not None)


def _listed(value: str) -> list[str]:
    """Return the items of ``ssmd_cover_images``: a JSON list of bare base64 (``ux.md`` 5.5)."""
    try:
        items = json.loads(value)
    except (ValueError, RecursionError):
        return []
    return [item for item in items if isinstance(item, str)] if isinstance(items, list) else []


def _bytes_of(address: str) -> bytes:
    """Return what a data address or bare base64 holds, nothing where it holds nothing."""
    head, comma, body = address.partition(",")
    if comma and not (head.startswith(_START) and head.endswith(";base64")):
        return b""
    body = body if comma else address
    if len(body) > _MOST_BYTES:
        return b""
    try:
        return base64.b64decode(body, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _picture(data: bytes) -> Picture | None:
    image = decoded(data, 2 * THUMBNAIL) if data else None
    if image is None:
        return None
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    size = reader.size() if reader.size().isValid() else image.size()
    kind = bytes(reader.format().data()).decode()
    return Picture(data, image, kind, size.width(), size.height())


def image_of(address: str) -> QImage | None:
    """Return the picture in a data address, scaled down to 512 pixels; None where there is none."""
    data = _bytes_of(address) if address.startswith(_START) else b""
    return decoded(data, 2 * THUMBNAIL) if data else None


def can_decode(kind: str) -> bool:
    """Whether pictures of a format, such as ``avif``, can be decoded on this computer."""
    return QByteArray(kind.encode()) in QImageReader.supportedImageFormats()


def decoded(data: bytes, side: int) -> QImage | None:
    """Return a picture, its shorter side at most ``side`` pixels; None for no or a huge picture."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid():
        if size.width() * size.height() > _MOST_PIXELS:
            return None
        reader.setScaledSize(_smaller(size, side))
    image = reader.read()
    return None if image.isNull() else image


def _smaller(size: QSize, side: int) -> QSize:
    if min(size.width(), size.height()) <= side:
        return size
    return size.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatioByExpanding)


def thumbnail_of(image: QImage) -> str:
    """Return a picture as a data address: the middle square, 256 pixels, JPEG."""
    scaled = image.scaled(
        THUMBNAIL,
        THUMBNAIL,
        Qt.AspectRatioMode.KeepAspectRatioByExpanding,
        Qt.TransformationMode.SmoothTransformation,
    )
    left, top = (scaled.width() - THUMBNAIL) // 2, (scaled.height() - THUMBNAIL) // 2
    square = scaled.copy(left, top, THUMBNAIL, THUMBNAIL)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"jpeg"))
    writer.setQuality(_QUALITY)
    writer.write(square.convertToFormat(QImage.Format.Format_RGB888))
    return f"{_START}jpeg;base64,{base64.b64encode(bytes(data.data())).decode()}"
