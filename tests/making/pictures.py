"""Pictures written byte by byte: what programs put into PNG, JPEG and WebP files."""

import gzip
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name, data, crc=None):
    crc = zlib.crc32(name + data) if crc is None else crc
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)


def text(keyword, value, encoding="utf-8", name=b"tEXt"):
    return chunk(name, keyword.encode("latin-1") + b"\0" + value.encode(encoding))


def ztxt(keyword, value):
    return chunk(b"zTXt", keyword.encode() + b"\0\0" + zlib.compress(value.encode()))


def itxt(keyword, value, *, compressed=False, method=0):
    data = value.encode()
    data = zlib.compress(data) if compressed else data
    head = keyword.encode() + b"\0" + bytes([compressed, method]) + b"en\0translated\0"
    return chunk(b"iTXt", head + data)


def png(*before, after=(), width=2, height=3, color=6, rows=None, end=True, cut=1 << 16):
    """Return a PNG with chunks before and after its pixels; ``rows`` are filtered lines."""
    channels = {2: 3, 6: 4}[color]
    rows = rows or [bytes(1 + channels * width)] * height
    pixels = zlib.compress(b"".join(rows))
    parts = [pixels[at : at + cut] for at in range(0, len(pixels), cut)]
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), *before, *(chunk(b"IDAT", part) for part in parts), *after]
    return SIGNATURE + b"".join(chunks) + (chunk(b"IEND", b"") if end else b"")


def entry(item, heap, base, order):
    """Return one entry of a TIFF table; data over 4 bytes go to ``heap``, which begins at base."""
    tag, kind, data = item
    if len(data) <= 4:
        return struct.pack(f"{order}HHI", tag, kind, len(data)) + data.ljust(4, b"\0")
    at = base + len(heap)
    heap.extend(data)
    return struct.pack(f"{order}HHII", tag, kind, len(data), at)


def tiff(first=(), inner=(), order="<"):
    """Return EXIF data; ``first`` and ``inner`` are (tag, type, bytes) of IFD0 and the Exif IFD."""
    count = len(first) + bool(inner)
    base = 8 + 2 + 12 * count + 4
    heap = bytearray()
    entries = [entry(item, heap, base, order) for item in first]
    if inner:
        start = base + len(heap)
        deep = bytearray()
        below = [entry(item, deep, start + 2 + 12 * len(inner) + 4, order) for item in inner]
        heap += struct.pack(f"{order}H", len(inner)) + b"".join(below) + bytes(4) + deep
        entries.append(struct.pack(f"{order}HHII", 0x8769, 4, 1, start))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    table = struct.pack(f"{order}H", count) + b"".join(entries) + bytes(4)
    return head + table + bytes(heap)


def comment(value, prefix=b"UNICODE\0", encoding="utf-16-be", order="<"):
    """Return EXIF data with a UserComment."""
    return tiff(inner=[(0x9286, 7, prefix + value.encode(encoding))], order=order)


def segment(marker, data):
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg(*segments, exif=None, note=None):
    parts = [segment(0xE0, b"JFIF\0" + bytes(9)), *segments]
    if exif is not None:
        parts.append(segment(0xE1, b"Exif\0\0" + exif))
    if note is not None:
        parts.append(segment(0xFE, note))
    frame = segment(0xC0, struct.pack(">BHHB", 8, 30, 20, 3) + bytes(9))
    return b"\xff\xd8" + b"".join(parts) + frame + b"\xff\xda" + bytes(20) + b"\xff\xd9"


def webp(exif=None, xmp=None, *, named=False):
    chunks = [(b"VP8X", bytes(4) + (19).to_bytes(3, "little") + (29).to_bytes(3, "little"))]
    chunks.append((b"VP8L", b"\x2f" + bytes(6)))
    if exif is not None:
        chunks.append((b"EXIF", (b"Exif\0\0" if named else b"") + exif))
    if xmp is not None:
        chunks.append((b"XMP ", xmp))
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def stealth(value, magic="stealth_pngcomp", *, width=40, height=50, filters=(0,), count=None):
    """Return a PNG with a text in the lowest bits of its pixels, with these filters in turn."""
    data = gzip.compress(value.encode()) if magic.endswith("comp") else value.encode()
    size = 8 * len(data) if count is None else count
    stream = magic.encode() + struct.pack(">I", size) + data
    bits = [byte >> (7 - place) & 1 for byte in stream for place in range(8)]
    alpha = "png" in magic
    channels = [3] if alpha else [0, 1, 2]
    step = 4 if alpha else 3
    assert len(bits) <= width * height * len(channels)
    lines = [bytearray(b"\xfe" * step * width) for _ in range(height)]
    places = ((x, y, channel) for x in range(width) for y in range(height) for channel in channels)
    for bit, (x, y, channel) in zip(bits, places, strict=False):
        lines[y][step * x + channel] = 0xC0 + 7 * (x % 3) & 0xFE | bit
    rows = filtered(lines, step, filters)
    return png(width=width, height=height, color=6 if alpha else 2, rows=rows, cut=97)


def filtered(lines, step, filters):
    """Filter lines of pixels as the PNG specification says, 9.2."""
    rows = []
    above = bytes(len(lines[0]))
    for number, line in enumerate(lines):
        kind = filters[number % len(filters)]
        row = bytearray([kind])
        for at, value in enumerate(line):
            left = line[at - step] if at >= step else 0
            corner = above[at - step] if at >= step else 0
            row.append(value - guess(kind, left, above[at], corner) & 255)
        rows.append(bytes(row))
        above = line
    return rows


def guess(kind, left, up, corner):
    if kind != 4:
        return (0, left, up, (left + up) // 2)[kind]
    first = left + up - corner
    return min((left, up, corner), key=lambda value: abs(first - value))
