"""Texts are found in videos, sounds and other files wherever programs put them."""

import json
import struct
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.media import Sort, is_media, read_media
from tests.making import media
from tests.making.media import box, data_box, id3, itunes, mdta, mkv, mp4, tags, txxx
from tests.making.pictures import comment, tiff

GRAPHS = {"prompt": '{"3": {"a": "猫"}}', "workflow": '{"nodes": []}'}
CAPITALS = {name.upper(): text for name, text in GRAPHS.items()}


def texts(data):
    return dict(read_media(data).texts)


def sentences(data):
    return " ".join(problem.message for problem in read_media(data).problems)


def opus_and_theora():
    first = media.pages(1, b"\x80theora" + bytes(35)) + media.pages(2, b"OpusHead" + bytes(11))
    second = media.pages(1, b"\x81theora" + media.comments({}))
    return first + second + media.pages(2, b"OpusTags" + media.comments(GRAPHS))


FILES = {
    "mp4": mp4(box(b"udta", mdta(GRAPHS))),
    "mp4 of moov/meta": mp4(mdta(GRAPHS)),
    "mov": mp4(mdta(GRAPHS, full=False), head=box(b"ftyp", b"qt  \0\0\0\0")),
    "mov without a handler": mp4(mdta(GRAPHS, full=False, handler=b""),
                                 head=box(b"ftyp", b"qt  \0\0\0\0")),
    "mov without a brand": mp4(mdta(GRAPHS, full=False), head=b""),
    "mp4 of a stream": media.FTYP + box(b"moov", media.track(), box(b"udta", mdta(GRAPHS)))
    + box(b"moof", bytes(8)) + box(b"mdat", bytes(9)),
    "webm": mkv(tags(CAPITALS), media.cluster()),
    "webm with tags at the end": mkv(media.cluster(), media.cluster(), tags(CAPITALS)),
    "mkv": mkv(tags(CAPITALS), doctype=b"matroska"),
    "mkv of a stream": mkv(media.cluster(unknown=True), media.cluster(unknown=True),
                           tags(CAPITALS), doctype=b"matroska", live=True),
    "flac": media.flac(GRAPHS, (6, bytes(900)), (1, bytes(5))),
    "ogg of opus": media.ogg(GRAPHS),
    "ogg of vorbis": media.ogg(GRAPHS, b"\x01vorbis" + bytes(23), b"\x03vorbis"),
    "ogg of flac": media.ogg(GRAPHS, b"\x7fFLAC\1\0" + bytes(43), b"\x84\0\1\0"),
    "ogg of speex": media.ogg(GRAPHS, b"Speex   " + bytes(72), b""),
    "ogg of a video": opus_and_theora(),
    "mp3": id3(*(txxx(*item) for item in GRAPHS.items())),
    "glb": media.glb(json.dumps({"asset": {"version": "2.0", "extras": GRAPHS}})),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_the_texts_of_comfyui_are_found(name):
    found = read_media(FILES[name])
    assert found.texts == GRAPHS
    assert found.problems == ()
    assert found.kind == name.split()[0]
    assert found.texts.keys() == found.places.keys()


def test_videos_sounds_and_pictures_are_told_apart_and_tell_their_size():
    for name, data in FILES.items():
        found = read_media(data)
        if found.kind in {"mp4", "mov", "webm", "mkv"}:
            assert (found.sort, found.width, found.height) == (Sort.VIDEO, 64, 48), name
        else:
            assert found.sort is (Sort.MODEL if name == "glb" else Sort.SOUND)
            assert (found.width, found.height) == (0, 0)
    for brand, kind in ((b"isom", "mp4"), (b"M4A ", "m4a")):
        head = box(b"ftyp", brand, bytes(4))
        sound = read_media(head + box(b"moov", media.track(0, 0), mdta(GRAPHS)))
        assert (sound.kind, sound.sort, sound.texts) == (kind, Sort.SOUND, GRAPHS)
    assert read_media(mp4(media.track(800, 600, version=1))).width == 800


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_as_its_bytes_are(tmp_path, name):
    (tmp_path / "a").write_bytes(FILES[name])
    assert read_media(tmp_path / "a") == read_media(FILES[name])


@pytest.mark.parametrize("brand", [b"avif", b"heic", b"mif1"])
@pytest.mark.parametrize("construction", [0, 1])
def test_exif_and_xmp_of_an_avif_or_heic_are_read(brand, construction):
    exif = tiff([(0x010F, 2, b"workflow:{}\0"), (0x0110, 2, b"prompt:{}\0")])
    found = read_media(media.avif(exif, b"<x/>", brand=brand, construction=construction))
    assert found.texts == {"workflow": "{}", "prompt": "{}", "XMP": "<x/>"}
    assert (found.sort, found.width, found.height) == (Sort.PICTURE, 20, 30)
    assert found.kind == (brand.decode() if brand != b"mif1" else "heif")
    assert found.problems == ()


@pytest.mark.parametrize("brand", [b"heim", b"hevc", b"avis", b"miaf"])
def test_pictures_of_rarer_brands_are_no_videos(brand):
    found = read_media(media.avif(comment("a cat"), brand=brand))
    assert (found.sort, found.texts) == (Sort.PICTURE, {"UserComment": "a cat"})


def test_exif_that_begins_later_is_found():
    exif = b"Exif\0\0" + comment("a cat")
    data = media.avif(exif).replace(struct.pack(">I", 0) + b"Exif\0\0", b"\0\0\0\6Exif\0\0")
    for one in (media.avif(exif), data):
        assert texts(one) == {"UserComment": "a cat"}


def test_the_comment_that_many_programs_write_is_found_in_every_container():
    said = '{"prompt": {}}'
    quicktime = box(b"\xa9cmt", struct.pack(">HH", len(said), 0x55C4), said.encode())
    for data in (
        mp4(box(b"udta", itunes((b"\xa9cmt", [data_box(said)])))),
        mp4(box(b"udta", itunes((b"\xa9cmt", [data_box(said, kind=2)])))),
        mp4(box(b"udta", quicktime)),
        mkv(tags({"COMMENT": said})),
        media.flac({"COMMENT": said}),
        media.ogg({"comment": said}),
        id3(media.frame(b"COMM", b"\3eng\0" + said.encode())),
        id3(media.frame(b"COM", b"\0eng\0" + said.encode(), 2), version=2),
    ):
        assert texts(data) == {"comment": said}


@pytest.mark.parametrize("name", ["Comment", "COMMENT", "com.apple.quicktime.comment"])
def test_the_comment_is_found_however_its_name_is_written(name):
    for data in (
        mp4(box(b"udta", mdta({name: "a cat"}))),
        mkv(tags({name: "a cat"})),
        media.flac({name: "a cat"}),
        id3(txxx(name, "a cat")),
    ):
        assert texts(data) == {"comment": "a cat"}


@pytest.mark.parametrize("word", [b"wide", b"free", b"skip"])
def test_a_small_box_may_come_first_but_not_a_text(word):
    data = box(word) + mp4(box(b"udta", mdta(GRAPHS)), head=b"")
    assert (texts(data), read_media(data).kind) == (GRAPHS, "mov")
    assert not is_media(b"The " + word + b" river\nSteps: 20, Sampler: Euler, Seed: 1")


def test_texts_are_kept_by_their_names():
    own = [box(b"mean", bytes(4), b"com.x"), box(b"name", bytes(4), b"My text"), data_box("3")]
    cover = (b"covr", [box(b"data", struct.pack(">II", 13, 0), b"\xff\xd8\xff")])
    udta = box(b"udta", itunes((b"\xa9nam", [data_box("1")]), (b"tvsh", [data_box("2")]), cover,
                               (b"----", own)))  # fmt: skip
    assert texts(mp4(udta)) == {"title": "1", "tvsh": "2", "My text": "3"}
    title = media.element(0x1549A966, media.element(0x7BA9, b"1"))
    assert texts(mkv(title, tags({"My text": "2"}))) == {"title": "1", "My text": "2"}
    assert texts(media.flac({"METADATA_BLOCK_PICTURE": "AAAA", "Artist": "x"})) == {"Artist": "x"}
    frames = media.frame(b"TIT2", b"\3one"), media.frame(b"APIC", b"\0junk")
    assert texts(id3(*frames)) == {"title": "one"}


def test_tags_of_one_track_are_not_those_of_the_file():
    track = media.element(0x63C5, b"\1")
    data = mkv(tags(CAPITALS), tags({"DURATION": "1"}, targets=track), tags({"DURATION": "2"}))
    assert texts(data) == {**GRAPHS, "duration": "2"}


def test_the_text_of_a_tag_may_come_before_its_name():
    simple = media.element(0x67C8, media.element(0x4487, b"{}"), media.element(0x45A3, b"PROMPT"))
    assert texts(mkv(media.element(media.TAGS, media.element(0x7373, simple)))) == {"prompt": "{}"}


def test_tags_behind_the_pictures_are_found_without_going_through_them():
    many = media.cluster() * 60_000
    tracks = len(mkv()) - len(mkv().partition(media.SEGMENT.to_bytes(4))[0]) - 12
    position = tracks + len(media.seek_head(media.TAGS, 0)) + len(many)
    assert texts(mkv(media.seek_head(media.TAGS, position), many, tags(CAPITALS))) == GRAPHS
    lost = mkv(media.seek_head(media.TAGS, 7), many, tags(CAPITALS))
    assert texts(lost) == {}
    assert "more than" in sentences(lost)


@pytest.mark.parametrize("encoding", range(4))
@pytest.mark.parametrize("version", [2, 3, 4])
def test_id3_of_every_version_and_encoding(version, encoding):
    said = "prömpt" if encoding == 0 else "猫 prompt"
    frames = txxx("prompt", said, encoding, version), txxx("Other", "x\n", encoding, version)
    assert texts(id3(*frames, version=version)) == {"prompt": said, "Other": "x\n"}


def test_id3_that_is_packed_or_escaped():
    said = "猫" * 300
    data = b"\3a\0" + said.encode()
    packed = len(data).to_bytes(4) + zlib.compress(data)
    new = media.seven_bits(len(data)) + zlib.compress(data)
    assert texts(id3(media.frame(b"TXXX", packed, 3, 0x80), version=3)) == {"a": said}
    assert texts(id3(media.frame(b"TXXX", new, 4, 0x09))) == {"a": said}
    escaped = txxx("a", "x", 1, 3).replace(b"\xff\xfe", b"\xff\0\xfe")
    escaped = escaped[:4] + struct.pack(">I", len(txxx("a", "x", 1, 3)) - 10) + escaped[8:]
    assert texts(id3(escaped, version=3, flags=0x80)) == {"a": "x"}
    new = txxx("a", "x", 1)[10:].replace(b"\xff\xfe", b"\xff\0\xfe")
    for flag in (0, 2):
        assert texts(id3(media.frame(b"TXXX", new, 4, flag), flags=0x80)) == {"a": "x"}
    secret = id3(media.frame(b"TXXX", data, 4, 0x04), txxx("b", "c"))
    assert texts(secret) == {"b": "c"}
    assert "encrypted" in sentences(secret)


def test_sizes_of_id3_that_some_programs_write_wrong():
    long = b"\3a\0" + b"x" * 500
    wrong = b"TXXX" + len(long).to_bytes(4) + bytes(2) + long
    assert texts(id3(wrong, txxx("b", "c"))) == {"a": "x" * 500, "b": "c"}


def test_an_extended_header_of_id3_is_passed_over():
    old, new = b"\0\0\0\6" + bytes(6), b"\0\0\0\6\1\0"
    assert texts(id3(old, txxx("a", "b", 3, 3), version=3, flags=0x40)) == {"a": "b"}
    assert texts(id3(new, txxx("a", "b"), flags=0x40)) == {"a": "b"}


def test_the_metadata_of_a_drawing_are_read():
    found = read_media(media.svg('{"prompt": {}}'))
    assert (found.kind, found.sort) == ("svg", Sort.DRAWING)
    assert found.texts == {"metadata": '{"prompt": {}}'}
    assert texts(b"<svg></svg>") == {}
    assert "corrupt" in sentences(b"<svg><metadata><![CDATA[{}")


def test_a_drawing_may_begin_with_a_long_declaration_of_its_type():
    entities = "".join(f'<!ENTITY name{at} "http://www.example.org/{at}/">' for at in range(20))
    head = f'<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "a" "b" [{entities}]>\n'.encode()
    found = read_media(head + media.svg("{}").partition(b"\n")[2])
    assert (found.kind, found.texts) == ("svg", {"metadata": "{}"})


def test_the_extras_of_a_model_are_kept_as_json():
    said = {"asset": {"extras": {"workflow": {"nodes": []}, "other": "text"}}}
    assert texts(media.glb(json.dumps(said))) == {"workflow": '{"nodes":[]}', "other": "text"}
    for odd in ("[]", "{", '{"asset": 3}', '{"asset": {"extras": []}}'):
        assert texts(media.glb(odd)) == {}


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (mp4(box(b"udta", mdta(GRAPHS)))[:-5], "ends early"),
        (media.FTYP + box(b"mdat", bytes(90)), "ends early"),
        (media.FTYP + struct.pack(">I4s", 4, b"free"), "corrupt at byte"),
        (media.FTYP + media.long_box(b"mdat", b"", size=3), "corrupt at byte"),
        (mkv(tags(CAPITALS))[:-3], "ends early"),
        (mkv(b"\0\0\0"), "corrupt at byte"),
        (media.element(0x1A45DFA3, media.element(0x4282, b"webm")), "nothing after its head"),
        (media.flac(GRAPHS)[:60], "ends early"),
        (media.ogg(GRAPHS)[:60] + b"junk", "corrupt"),
        (id3(txxx("a", "b"))[:30], "ends early"),
        (id3(media.frame(b"TXXX", b"\3a\0b", 3, size=70), version=3), "cut off"),
        (media.avif(b"II*\0")[:30], "meta"),
        (media.avif(tiff([(0x010F, 2, b"a:{}\0")])).replace(b"\0\0\0\x1c\0\1\0\0", bytes(8)), ""),
        (media.glb('{"asset": {"extras": {}}}')[:-4], "ends early"),
        (b"glTF\2\0\0\0\0\0\0\0\x04\0\0\0BIN\0", "corrupt"),
    ],
)
def test_damage_is_said(data, word):
    assert word in sentences(data)


def test_a_list_of_boxes_without_end_ends():
    many = box(b"free") * 30_000
    data = media.FTYP + many + box(b"moov", mdta(GRAPHS))
    assert texts(data) == {}
    assert "more than" in sentences(data)
    assert texts(media.FTYP + box(b"moov", many, mdta(GRAPHS))) == {}


def test_a_video_of_many_gigabytes_is_not_read(tmp_path):
    path = tmp_path / "long.mp4"
    count = 5 << 30
    with path.open("wb") as file:
        file.write(media.FTYP + media.long_box(b"mdat", b"", size=count + 16))
        file.seek(count, 1)
        file.write(box(b"moov", media.track(), box(b"udta", mdta(GRAPHS))))
    tracemalloc.start()
    found = read_media(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.texts == GRAPHS
    assert peak < 1 << 20


@pytest.mark.parametrize(
    "data",
    [
        mp4(box(b"udta", mdta({"prompt": "x" * (17 << 20), "workflow": "{}"}))),
        mkv(tags({"PROMPT": "x" * (17 << 20), "WORKFLOW": "{}"})),
        media.ogg({"prompt": "x" * (17 << 20)}),
        id3(txxx("prompt", "x" * (17 << 20), 3, 3), txxx("workflow", "{}", 3, 3), version=3),
    ],
    ids=["mp4", "mkv", "ogg", "id3"],
)
def test_a_text_that_is_too_large_is_left_out(data):
    assert "prompt" not in texts(data)
    assert "too large" in sentences(data) or "cut off" in sentences(data)


WHOLE = {
    **FILES,
    "avif": media.avif(tiff([(0x010F, 2, b"prompt:{}\0")]), b"<x/>"),
    "avif with idat": media.avif(comment("hello"), construction=1),
    "itunes": mp4(box(b"udta", itunes((b"\xa9cmt", [data_box("hello")])))),
    "svg": media.svg("{}"),
    "seek": mkv(media.seek_head(media.TAGS, 30), media.cluster(unknown=True), tags(CAPITALS)),
    "old id3": id3(txxx("a", "b", 1, 3), version=3, flags=0x80),
}


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_a_damaged_file_is_read_or_refused_with_a_sentence(name, choice):
    changed = bytearray(WHOLE[name])
    for _ in range(choice.draw(st.integers(1, 6))):
        at = choice.draw(st.integers(0, len(changed) - 1))
        changed[at] = choice.draw(st.one_of(st.integers(0, 255), st.sampled_from([0, 1, 255])))
    end = choice.draw(st.one_of(st.none(), st.integers(0, len(changed))))
    with suppress(FormatError):
        read_media(bytes(changed[:end]))


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(
        [
            *(media.FTYP, box(b"ftyp", b"avif\0\0\0\0") + b"\0\0\3\0meta\0\0\0\0", b"\0\0\0\0moov"),
            *(mkv()[:40], b"\x1aE\xdf\xa3", b"fLaC\4\0\1\0", b"ID3\4\0\0\0\0\2\0", b"glTF\2\0\0\0"),
            *(media.page(1, [19], b"OpusHead" + bytes(11)), b"ID3\2\0\0\0\0\2\0", b"<svg"),
        ]
    ),
    st.binary(max_size=300),
)
def test_any_bytes_are_read_or_refused_with_a_sentence(head, rest):
    with suppress(FormatError):
        read_media(head + rest)
