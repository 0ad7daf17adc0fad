"""Files of presets are read, and what is none is refused with why."""

import pytest

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.merging.weights_text import Preset
from ckpt_studio.formats.presets_file import read_presets


def test_a_file_with_a_mark_at_its_start(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_bytes(b"\xef\xbb\xbfA\t0,1\r\nB\t0.5,0.25\r\n")
    assert read_presets(path) == (Preset("A", (0, 1)), Preset("B", (0.5, 0.25)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"A\t0,zero,1", "mine.tsv: Line 1: “zero” is not a number."),
        (b"nothing", "mine.tsv: The file has no presets."),
        (b"\xff\xfe\x00A", "mine.tsv is not a text."),
        (b"0" * (5 << 20), "mine.tsv is too large for a file of presets."),
    ],
)
def test_what_is_none(tmp_path, content, message):
    path = tmp_path / "mine.tsv"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_presets(path)
    assert message in caught.value.message.replace("“mine.tsv”", "mine.tsv")


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_presets(tmp_path / "gone.tsv")
