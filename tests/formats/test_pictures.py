"""Texts are found in pictures wherever programs put them, and damage costs nothing else."""

import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.media import read_media
from tests.making import pictures
from tests.making.pictures import chunk, comment, itxt, jpeg, png, stealth, text, tiff, webp, ztxt


def texts(data):
    return dict(read_media(data).texts)


def sentences(data):
    return " ".join(problem.message for problem in read_media(data).problems)


def test_a_png_tells_its_size_and_all_its_texts():
    picture = read_media(
        png(
            text("plain", "one"),
            ztxt("packed", "two" * 1000),
            itxt("world", "猫"),
            itxt("packed world", "犬", compressed=True),
            after=(text("late", "five"), chunk(b"comf", b'workflow\0{"nodes": []}')),
        )
    )
    assert (picture.kind, picture.width, picture.height) == ("png", 2, 3)
    assert picture.problems == ()
    assert picture.texts == {
        "plain": "one",
        "packed": "two" * 1000,
        "world": "猫",
        "packed world": "犬",
        "late": "five",
        "workflow": '{"nodes": []}',
    }
    assert picture.places["packed"] == "zTXt"
    assert picture.places["workflow"] == "comf"


def test_plain_text_is_utf_8_or_else_latin_1():
    assert texts(png(text("a", "bäd 猫"))) == {"a": "bäd 猫"}
    assert texts(png(text("a", "bäd", "latin-1"))) == {"a": "bäd"}


def test_newlines_stay_as_they_are():
    assert texts(png(text("parameters", "a\n  b\r\n\tc")))["parameters"] == "a\n  b\r\n\tc"


def test_of_several_texts_with_one_name_the_last_wins_and_it_is_said():
    data = png(text("prompt", "first"), text("prompt", "last"))
    assert texts(data) == {"prompt": "last"}
    assert "several texts named ‘prompt’" in sentences(data)


def test_a_file_is_read_as_its_bytes_are(tmp_path):
    data = png(text("a", "b"))
    (tmp_path / "a.png").write_bytes(data)
    assert read_media(tmp_path / "a.png") == read_media(data)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("prefix", "encoding"),
    [
        (b"UNICODE\0", "utf-16-be"),
        (b"UNICODE\0", "utf-16-le"),
        (b"UNICODE\0", "utf-16"),
        (b"UNICODE\0", "utf-8"),
        (b"ASCII\0\0\0", "utf-8"),
        (bytes(8), "utf-8"),
        (bytes(8), "utf-16-le"),
        (b"", "utf-8"),
    ],
)
def test_the_comment_of_a_jpeg_or_webp_is_found_however_it_is_encoded(order, prefix, encoding):
    said = "a cat, 猫\nSteps: 20"
    exif = comment(said, prefix, encoding, order)
    for data in (jpeg(exif=exif), webp(exif), webp(exif, named=True), png(chunk(b"eXIf", exif))):
        picture = read_media(data)
        assert picture.texts == {"UserComment": said}
        assert picture.places == {"UserComment": "EXIF UserComment"}
        assert picture.problems == ()


@pytest.mark.parametrize("said", ["a cat, sat", "a cats,", "日本語", "e\u0301 👩‍🚀"])
def test_a_comment_in_utf_8_is_read_where_utf_16_is_announced(said):
    assert texts(jpeg(exif=comment(said, encoding="utf-8"))) == {"UserComment": said}


@pytest.mark.parametrize("said", ["日本語女の子", "浡瑳", "猫"])
@pytest.mark.parametrize(("encoding", "order"), [("utf-16-be", ">"), ("utf-16-le", "<")])
def test_a_comment_without_any_latin_letter_stays_utf_16(said, encoding, order):
    data = jpeg(exif=comment(said, encoding=encoding, order=order))
    assert texts(data) == {"UserComment": said}


def test_graphs_in_the_tags_of_a_camera_are_named_as_in_png():
    exif = tiff(
        [
            (0x010E, 2, b'extra:{"a": 1}\0'),
            (0x010F, 2, b'Workflow:{"nodes": []}\0'),
            (0x0110, 2, b'prompt:{"3": {}}\0'),
            (0x0131, 2, b"ComfyUI\0"),
        ]
    )
    assert texts(webp(exif)) == {
        "extra": '{"a": 1}',
        "workflow": '{"nodes": []}',
        "prompt": '{"3": {}}',
        "Software": "ComfyUI",
    }


def test_a_camera_is_no_graph():
    exif = tiff(
        [(0x010F, 2, b"Nikon\0"), (0x0110, 2, b"abc"), (0x9C9C, 1, "né".encode("utf-16-le"))]
    )
    assert texts(jpeg(exif=exif)) == {"Make": "Nikon", "Model": "abc", "XPComment": "né"}


def test_the_other_segments_of_a_jpeg_and_the_size():
    xmp = pictures.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
    picture = read_media(jpeg(xmp, note=b"a note\0"))
    assert picture.texts == {"XMP": "<x/>", "comment": "a note"}
    assert (picture.kind, picture.width, picture.height) == ("jpeg", 20, 30)


def test_the_chunks_of_a_webp_and_the_size():
    picture = read_media(webp(xmp=b"<y/>"))
    assert picture.texts == {"XMP": "<y/>"}
    assert (picture.kind, picture.width, picture.height) == ("webp", 20, 30)


@pytest.mark.parametrize("magic", ["pnginfo", "pngcomp", "rgbinfo", "rgbcomp"])
def test_text_hidden_in_the_pixels_is_found(magic):
    said = '{"Description": "a cat 猫"}'
    picture = read_media(stealth(said, f"stealth_{magic}", filters=(0, 1, 2, 3, 4)))
    assert picture.texts == {f"stealth_{magic}": said}
    assert picture.places == {f"stealth_{magic}": "pixels"}
    assert picture.problems == ()


def test_text_hidden_in_a_low_or_a_narrow_picture_is_found():
    for width, height in ((2000, 1), (1, 2000), (700, 3)):
        assert list(texts(stealth("abc", width=width, height=height)).values()) == ["abc"]


def test_hidden_text_is_only_looked_for_when_there_is_no_other():
    data = stealth("hidden")
    assert texts(data[:33] + text("Title", "seen") + data[33:]) == {"Title": "seen"}


def test_hidden_text_that_claims_too_much_is_said_to_be_corrupt():
    assert "corrupt or too large" in sentences(stealth("abc", count=1 << 31))
    assert "corrupt or too large" in sentences(stealth("abc", count=8 * 12))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (png(text("a", "b"), chunk(b"tEXt", b"c\0d", crc=5)), "CRC"),
        (png(text("a", "b"), chunk(b"zTXt", b"c\0\0" + zlib.compress(b"d" * 99)[:-8])), "corrupt"),
        (png(text("a", "b"), chunk(b"zTXt", b"c\0\0junk")), "corrupt"),
        (png(text("a", "b"), chunk(b"zTXt", b"c\0\7junk")), "not known"),
        (png(text("a", "b"), itxt("c", "d", compressed=True, method=9)), "not known"),
        (png(text("a", "b"), chunk(b"iTXt", b"c\0\0\0en")), "corrupt"),
        (png(text("a", "b"), chunk(b"tEXt", b"no end of the keyword")), "keyword"),
        (png(text("a", "b"), chunk(b"tEXt", b"\0no keyword")), "keyword"),
        (png(text("a", "b"), chunk(b"tEXt", b"k" * 80 + b"\0v")), "keyword"),
        (png(text("a", "b"), chunk(b"eXIf", b"no TIFF")), "EXIF"),
        (png(text("a", "b"), end=False), "ends early"),
        (png(text("a", "b"))[:-20], "ends early"),
        (png(text("a", "b"), b"\0\0\0\5\1\2\3\4"), "corrupt at byte"),
        (pictures.SIGNATURE + text("a", "b") + chunk(b"IEND", b""), "IHDR"),
    ],
)
def test_damage_is_said_and_costs_nothing_else(data, word):
    assert word in sentences(data)
    assert texts(data).get("a") == "b"


def test_a_text_that_inflates_without_end_is_left_out():
    bomb = zlib.compress(bytes(200 << 20), 9)
    data = png(text("a", "b"), chunk(b"zTXt", b"bomb\0\0" + bomb), ztxt("bomb", "x"))
    tracemalloc.start()
    picture = read_media(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert picture.texts == {"a": "b"}
    assert "too large" in picture.problems[0].message
    assert peak < 100 << 20


def test_a_gigantic_picture_is_not_inflated_for_hidden_text():
    data = png(width=1 << 20, height=1 << 20, rows=[bytes(1000)])
    picture = read_media(data)
    assert picture.texts == {}
    assert (picture.width, picture.height) == (1 << 20, 1 << 20)


def test_a_megabyte_of_text_is_no_bomb():
    said = "x" * (12 << 20)
    assert texts(png(text("workflow", said))) == {"workflow": said}


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"GIF89a", "GIF"),
        (b"{}", "JSON"),
        (b"RIFF\0\0\0\0WAVE", "WAV sound"),
        (b"\1\2\3", "no picture, video or sound"),
    ],
)
def test_what_is_no_picture_is_refused_by_what_it_is(data, word):
    with pytest.raises(FormatError, match=word) as caught:
        read_media(data)
    assert caught.value.hint.startswith("Choose ")


def test_a_folder_or_nothing_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "nothing.png"):
        with pytest.raises(FormatError):
            read_media(path)


WHOLE = [
    png(text("a", "b"), ztxt("c", "d"), itxt("e", "f", compressed=True)),
    stealth("hidden", width=12, height=90, filters=(0, 1, 2, 3, 4)),
    jpeg(exif=comment("hello"), note=b"note"),
    webp(comment("hello", order=">"), xmp=b"<x/>"),
]


@pytest.mark.parametrize("data", WHOLE, ids=["png", "stealth", "jpeg", "webp"])
def test_a_picture_cut_anywhere_gives_what_is_there(data):
    step = max(1, len(data) // 400)
    for end in range(16, len(data), step):
        whole = dict(read_media(data).texts)
        for name, value in read_media(data[:end]).texts.items():
            assert whole[name].startswith(value.rstrip("\ufffd")) or value in whole[name]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WHOLE), st.data())
def test_a_damaged_picture_is_read_or_refused_with_a_sentence(data, choice):
    changed = bytearray(data)
    for _ in range(choice.draw(st.integers(1, 6))):
        at = choice.draw(st.integers(0, len(data) - 1))
        changed[at] = choice.draw(st.integers(0, 255))
    with suppress(FormatError):
        read_media(bytes(changed))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([pictures.SIGNATURE, b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b""]),
    st.binary(max_size=300),
)
def test_any_bytes_are_read_or_refused_with_a_sentence(head, rest):
    with suppress(FormatError):
        read_media(head + rest)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]), st.binary(max_size=200))
def test_any_exif_is_read(head, rest):
    assert read_media(webp(head + rest)).kind == "webp"
