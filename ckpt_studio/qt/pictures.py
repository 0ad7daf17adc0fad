"""Small pictures in metadata: read from a data address and written as one, within limits.

``merging.md`` 3.5: ``data:image/…;base64,…``, 256 pixels square, JPEG of quality 85.
"""

import base64
import binascii

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QImageWriter

THUMBNAIL = 256
_QUALITY = 85
_MOST_BYTES = 64 << 20
_MOST_PIXELS = 1 << 26
_START = "data:image/"


def image_of(address: str) -> QImage | None:
    """Return the picture in a data address, scaled down to 512 pixels; None where there is none."""
    head, comma, body = address.partition(",")
    if not (head.startswith(_START) and head.endswith(";base64") and comma):
        return None
    if len(body) > _MOST_BYTES:
        return None
    try:
        data = base64.b64decode(body, validate=True)
    except (ValueError, binascii.Error):
        return None
    return decoded(data, 2 * THUMBNAIL)


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
