"""Pictures that Qt wrote, with its own choice of filters and chunks, are read as it meant them."""

import struct

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QColor, QImage

from ckpt_studio.formats.media import read_media


def written(image, kind):
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, kind)
    return data.data()


def colourful(width, height):
    image = QImage(width, height, QImage.Format.Format_RGBA8888)
    for x in range(width):
        for y in range(height):
            shade = (x * y) % 37
            image.setPixelColor(x, y, QColor(5 * x % 256, 3 * y % 256, 7 * shade % 256, 254))
    return image


def test_texts_that_qt_wrote(qapp):
    image = colourful(20, 30)
    image.setText("parameters", "a cat\nSteps: 1")
    image.setText("world", "猫" * 3000)
    picture = read_media(written(image, "PNG"))
    assert (picture.width, picture.height) == (20, 30)
    assert picture.texts == {"parameters": "a cat\nSteps: 1", "world": "猫" * 3000}
    assert picture.problems == ()


def test_a_jpeg_that_qt_wrote(qapp):
    picture = read_media(
        written(colourful(20, 30).convertToFormat(QImage.Format.Format_RGB32), "JPG")
    )
    assert (picture.kind, picture.width, picture.height) == ("jpeg", 20, 30)
    assert picture.problems == ()


def test_text_hidden_in_pixels_that_qt_compressed(qapp):
    said = b"hidden"
    stream = b"stealth_pnginfo" + struct.pack(">I", 8 * len(said)) + said
    bits = [byte >> (7 - place) & 1 for byte in stream for place in range(8)]
    image = colourful(33, 47)
    for number, bit in enumerate(bits):
        x, y = divmod(number, 47)
        color = image.pixelColor(x, y)
        color.setAlpha(254 | bit)
        image.setPixelColor(x, y, color)
    data = written(image, "PNG")
    assert read_media(data).texts == {"stealth_pnginfo": "hidden"}
