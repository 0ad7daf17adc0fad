"""Files that claim endless work are read within little time and memory."""

import struct
import time
import tracemalloc

import pytest

from ckpt_studio.formats.media import read_media
from tests.making import media
from tests.making.media import box, id3

MIB = 1 << 20


def picture(places, items=1):
    infos = [
        box(b"infe", struct.pack(">IHH4s", 2 << 24, at, 0, b"Exif"), b"\0") for at in range(items)
    ]
    info = box(b"iinf", bytes(4), struct.pack(">H", items), *infos)
    return box(b"ftyp", b"avif\0\0\0\0") + box(b"meta", bytes(4), info, box(b"iloc", places))


def many_parts_without_a_place():
    items = b"".join(struct.pack(">HHH", at, 0, 60_000) for at in range(60_000))
    return picture(struct.pack(">IHH", 0, 0, 60_000) + items)


def exif_that_says_one_text_often():
    table = struct.pack(">HHII", 0x010E, 2, 12 * MIB, 8) * 1000
    exif = bytes(4) + b"MM\0*" + struct.pack(">IH", 8, 1000) + table + b"a" * 12 * MIB
    places = b"".join(struct.pack(">HHHII", at, 0, 1, 2000, len(exif)) for at in range(20))
    return picture(struct.pack(">IHH", 0, 0x4400, 20) + places, 20).ljust(2000, b"\0") + exif


def metadata_that_begin_again_and_again():
    return b"<svg>" + b"<metadata" * (15 * MIB // 9)


def names_without_letters():
    keys = box(b"keys", bytes(8), box(b"mdta") * 10_000)
    return media.FTYP + box(b"meta", bytes(4), keys) * 210


def frames_of_many_megabytes():
    wrong = b"\1a\0\0\0" + b"b\0b\0b\0\0\xd8" * (6 * MIB // 8)  # halves of characters take time
    return id3(*[media.frame(b"TXXX", wrong, 3)] * 40, version=3)


def frame_of_many_texts():
    return id3(media.txxx("a", "b\0" * (7 * MIB), 3, 3), version=3)


def streams_side_by_side():
    heads = b"".join(media.pages(at, b"OpusHead" + bytes(11)) for at in range(8))
    parts = [media.page(at, [255] * 255, bytes(255 * 255)) for at in range(8)]
    return heads + b"".join(parts) * 250


def name_without_end():
    data = struct.pack("<III", 0, 1, 15 * MIB) + b"\xff" * (15 * MIB)
    return b"fLaC\x84" + len(data).to_bytes(3) + data


TAKES_MEMORY = [
    many_parts_without_a_place,
    frame_of_many_texts,
    streams_side_by_side,
    name_without_end,
]
TAKES_TIME = [
    frames_of_many_megabytes,
    names_without_letters,
    many_parts_without_a_place,
    exif_that_says_one_text_often,
    metadata_that_begin_again_and_again,
]


@pytest.mark.parametrize("make", TAKES_TIME)
def test_little_time_is_taken(make):
    data = make()
    start = time.process_time()
    read_media(data)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("make", TAKES_MEMORY)
def test_little_memory_is_taken(make):
    data = make()
    tracemalloc.start()
    read_media(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 * MIB
