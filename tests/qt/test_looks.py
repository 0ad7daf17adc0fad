import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ckpt_studio.qt import theme
from ckpt_studio.qt.banner import Banner, Message
from ckpt_studio.qt.labels import ElidedLabel
from ckpt_studio.qt.size_bar import Segment, SizeBar


def luminance(color):
    def linear(value):
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(each) for each in (color.redF(), color.greenF(), color.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_text_can_be_read_and_shapes_can_be_seen(name):
    colors = theme.load(name)
    for ground in ("window", "surface", "raised"):
        for role in ("text", "dim", "good", "warn", "bad", "accent"):
            shown = contrast(colors.color(role), colors.color(ground))
            assert shown >= 4.5 - 0.35 * (role == "accent"), (role, ground, shown)
        for index in range(len(colors.parts)):
            assert contrast(colors.part_color(index), colors.color(ground)) >= 3
    assert contrast(colors.color("on_accent"), colors.color("accent")) >= 4.5
    for index in range(len(colors.parts)):
        assert contrast(colors.color("on_part"), colors.part_color(index)) >= 4.5


def test_the_size_bar_shares_its_width_and_says_so(qtbot):
    bar = SizeBar()
    qtbot.addWidget(bar)
    bar.resize(400, 22)
    bar.set_segments((Segment("UNet", 3 * 2**30, 0), Segment("VAE", 2**20, 1), Segment("-", 0, 2)))
    wide, narrow = bar.rectangles()
    assert wide.width() > 380
    assert narrow.width() >= 1
    assert narrow.right() <= 400
    assert bar.accessibleDescription() == "UNet  3.00 GiB, VAE  1.00 MiB"


def test_a_banner_says_what_happened_and_hides_details_until_asked(qtbot, qapp):
    banner = Banner()
    qtbot.addWidget(banner)
    banner.show_message(Message("It <b>broke</b>.", "Try again.", "Traceback"))
    assert banner.isVisible()
    assert not banner._text.isVisible()
    QTest.mouseClick(banner._more, Qt.MouseButton.LeftButton)
    assert banner._text.isVisible()
    QTest.mouseClick(banner._copy, Qt.MouseButton.LeftButton)
    assert qapp.clipboard().text() == "It <b>broke</b>.\n\nTry again.\n\nTraceback"
    QTest.mouseClick(banner._close, Qt.MouseButton.LeftButton)
    assert not banner.isVisible()


def test_long_names_lose_their_middle_and_keep_it_in_the_tooltip(qtbot):
    shown = ElidedLabel("a" * 100 + ".safetensors")
    qtbot.addWidget(shown)
    shown.resize(150, 20)
    shown.show()
    assert "…" in shown.text()
    assert shown.text().endswith("tensors")
    assert shown.toolTip() == shown.full_text
