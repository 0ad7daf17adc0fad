"""Videos, sounds and other files written byte by byte: what ComfyUI and others put into them."""

import struct


def box(kind, *parts):
    data = b"".join(parts)
    return struct.pack(">I", len(data) + 8) + kind + data


def long_box(kind, data, size=None):
    """Return a box with a size of 64 bits."""
    return struct.pack(">I4sQ", 1, kind, len(data) + 16 if size is None else size) + data


FTYP = box(b"ftyp", b"isom\0\0\2\0isommp41")
HANDLER = box(b"hdlr", bytes(8), b"mdta", bytes(13))


def data_box(text, kind=1):
    return box(
        b"data", struct.pack(">II", kind, 0), text.encode("utf-16-be" if kind == 2 else "utf-8")
    )


def mdta(texts, *, full=True, handler=HANDLER):
    """Return ``meta`` with ``keys`` and ``ilst``, as ffmpeg's use_metadata_tags writes it."""
    keys = b"".join(box(b"mdta", name.encode()) for name in texts)
    items = [
        box(struct.pack(">I", at), data_box(text)) for at, text in enumerate(texts.values(), 1)
    ]
    head = bytes(4) if full else b""
    table = box(b"keys", bytes(4), struct.pack(">I", len(texts)), keys)
    return box(b"meta", head, handler, table, box(b"ilst", *items))


def itunes(*items):
    """Return ``meta`` with items named by four characters; each is a type and its boxes."""
    return box(
        b"meta", bytes(4), HANDLER, box(b"ilst", *(box(kind, *parts) for kind, parts in items))
    )


def track(width=64, height=48, version=0):
    sizes = struct.pack(">HHHH", width, 0, height, 0)
    return box(
        b"trak", box(b"tkhd", bytes([version, 0, 0, 7]), bytes(84 if version else 72), sizes)
    )


def mp4(*inside, before=(), after=(), head=FTYP, pixels=b"\0" * 50):
    """Return a video with the parts of ``moov``; it comes after the pixels, as ffmpeg puts it."""
    return (
        head
        + b"".join(before)
        + box(b"mdat", pixels)
        + box(b"moov", track(), *inside)
        + b"".join(after)
    )


def avif(exif=None, xmp=None, *, brand=b"avif", construction=0, extra=b""):
    """Return a picture of 20 x 30 without pixels; its items lie in the file or in ``idat``."""
    items = []
    if exif is not None:
        items.append((b"Exif", b"", struct.pack(">I", 0) + exif))
    if xmp is not None:
        items.append((b"mime", b"\0application/rdf+xml\0", xmp))
    head = box(b"ftyp", brand, bytes(4), b"mif1")
    infos = [
        box(b"infe", struct.pack(">IHH4s", 2 << 24, at, 0, kind), rest)
        for at, (kind, rest, _) in enumerate(items, 2)
    ]
    info = box(b"iinf", bytes(4), struct.pack(">H", len(infos)), *infos)
    sizes = box(b"iprp", box(b"ipco", box(b"ispe", struct.pack(">III", 0, 20, 30))))
    data = b"".join(item[2] for item in items)
    start = 0 if construction else len(head) + 8
    places = b""
    for at, (_, _, content) in enumerate(items, 2):
        places += struct.pack(">HHHIHII", at, construction, 0, start, 1, 0, len(content))
        start += len(content)
    count = struct.pack(">IHH", 1 << 24, 0x4440, len(items))
    table = box(b"iloc", count, places)
    inner = box(b"idat", data) if construction else b""
    first = b"" if construction else box(b"mdat", data)
    return (
        head
        + first
        + box(b"meta", bytes(4), box(b"hdlr", bytes(25)), info, table, sizes, inner)
        + extra
    )


def element(number, *parts, size=None):
    """Return an element of EBML; ``size`` may claim another one, -1 that it is unknown."""
    data = b"".join(parts)
    count = len(data) if size is None else size
    head = number.to_bytes((number.bit_length() + 7) // 8)
    return head + (b"\x01" + b"\xff" * 7 if count < 0 else (1 << 56 | count).to_bytes(8)) + data


CLUSTER, TAGS, SEGMENT = 0x1F43B675, 0x1254C367, 0x18538067
BLOCK = element(0xE7, b"\0") + element(0xA3, bytes(30))


def tags(texts, *, targets=b""):
    simple = (
        element(0x67C8, element(0x45A3, name.encode()), element(0x4487, text.encode()))
        for name, text in texts.items()
    )
    return element(TAGS, element(0x7373, element(0x63C0, targets), *simple))


def cluster(*, unknown=False):
    return element(CLUSTER, BLOCK, size=-1 if unknown else None)


def mkv(*parts, doctype=b"webm", live=False):
    """Return a video of 64 x 48 with the parts of its segment."""
    head = element(0x1A45DFA3, element(0x4282, doctype))
    size = element(0xE0, element(0xB0, b"\x40"), element(0xBA, b"\x30"))
    tracks = element(0x1654AE6B, element(0xAE, size))
    return head + element(SEGMENT, tracks, *parts, size=-1 if live else None)


def seek_head(number, position):
    place = element(0x53AC, struct.pack(">Q", position))
    return element(0x114D9B74, element(0x4DBB, element(0x53AB, number.to_bytes(4)), place))


def comments(texts, vendor=b"Lavf"):
    """Return comments of Vorbis; ``texts`` are pairs or a dict."""
    pairs = texts.items() if isinstance(texts, dict) else texts
    lines = [f"{name}={text}".encode() for name, text in pairs]
    body = b"".join(struct.pack("<I", len(line)) + line for line in lines)
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(lines)) + body


def flac(texts, *before):
    blocks = [(0, bytes(34)), *before, (4, comments(texts))]
    head = b"".join(bytes([kind]) + len(data).to_bytes(3) + data for kind, data in blocks)
    return b"fLaC" + head + b"\x81\0\0\x04" + bytes(4) + b"\xff\xf8" + bytes(30)


def page(serial, sizes, data, number=0):
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, 0, 0, serial, number, 0, len(sizes))
    return head + bytes(sizes) + data


def pages(serial, packet):
    """Return a packet in as many pages as it needs."""
    sizes = [255] * (len(packet) // 255) + [len(packet) % 255]
    found, at = b"", 0
    for start in range(0, len(sizes), 255):
        some = sizes[start : start + 255]
        found += page(serial, some, packet[at : at + sum(some)])
        at += sum(some)
    return found


def ogg(texts, first=b"OpusHead" + bytes(11), start=b"OpusTags"):
    return pages(7, first) + pages(7, start + comments(texts)) + pages(7, bytes(40))


def seven_bits(number):
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def frame(name, data, version=4, flags=0, size=None):
    count = len(data) if size is None else size
    if version == 2:
        return name + count.to_bytes(3) + data
    written = seven_bits(count) if version == 4 else count.to_bytes(4)
    return name + written + struct.pack(">H", flags) + data


def id3(*frames, version=4, flags=0, room=20):
    body = b"".join(frames) + bytes(room)
    return (
        b"ID3"
        + bytes([version, 0, flags])
        + seven_bits(len(body))
        + body
        + b"\xff\xfb\x90\0"
        + bytes(60)
    )


def txxx(name, text, encoding=3, version=4):
    coding = ("latin-1", "utf-16", "utf-16-be", "utf-8")[encoding]
    zero = bytes(2 if encoding in {1, 2} else 1)
    data = bytes([encoding]) + name.encode(coding) + zero + text.encode(coding)
    return frame(b"TXX" if version == 2 else b"TXXX", data, version)


def svg(said):
    return f'<?xml version="1.0"?>\n<svg><metadata>\n<![CDATA[{said}]]></metadata></svg>'.encode()


def glb(json_text):
    data = json_text.encode()
    size = struct.pack("<I", 20 + len(data))
    return b"glTF\2\0\0\0" + size + struct.pack("<I", len(data)) + b"JSON" + data
