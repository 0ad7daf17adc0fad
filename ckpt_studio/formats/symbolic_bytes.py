"""A position in the bytes of a pickle: every length is checked before anything is taken."""

import codecs
import struct

from ckpt_studio.formats.symbolic import damaged

_MAX_LINE = 1 << 20
_MAX_DIGITS = 1000
_MAX_LONG_BYTES = 1024


class Cursor:
    """Takes the arguments of opcodes one after another."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def take(self, count: int) -> bytes:
        """Take so many bytes."""
        end = self.at + count
        if count < 0 or end > len(self.data):
            raise damaged("its pickle ends too early (truncated)")
        found = self.data[self.at : end]
        self.at = end
        return found

    def unsigned(self, size: int) -> int:
        """Take a little-endian number of ``size`` bytes."""
        return int.from_bytes(self.take(size), "little")

    def signed(self) -> int:
        """Take a number of four bytes with a sign."""
        return int.from_bytes(self.take(4), "little", signed=True)

    def double(self) -> float:
        """Take a float of eight bytes, the highest first."""
        value: float = struct.unpack(">d", self.take(8))[0]
        return value

    def long(self, size: int) -> int:
        """Take a number of any length; its length has ``size`` bytes."""
        count = self.unsigned(size)
        if count > _MAX_LONG_BYTES:
            raise damaged("its pickle holds a number that is too large")
        return int.from_bytes(self.take(count), "little", signed=True)

    def text(self, size: int) -> str:
        """Take a Unicode text; its length has ``size`` bytes."""
        try:
            return self.take(self.unsigned(size)).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise damaged("its pickle holds a text that is not UTF-8") from None

    def raw(self, size: int) -> bytes:
        """Take bytes; their count has ``size`` bytes."""
        return self.take(self.unsigned(size))

    def old_text(self, size: int) -> str:
        """Take a text that Python 2 wrote."""
        return _old(self.raw(size))

    def line(self) -> bytes:
        """Take the bytes up to the end of the line."""
        end = self.data.find(b"\n", self.at, self.at + _MAX_LINE)
        if end < 0:
            raise damaged("its pickle ends inside a line (truncated), or the line is too long")
        found = self.data[self.at : end]
        self.at = end + 1
        return found

    def name(self) -> str:
        """Take a line that names something."""
        try:
            return self.line().decode("utf-8")
        except UnicodeDecodeError:
            raise damaged("its pickle holds a name that is not UTF-8") from None

    def decimal(self) -> int:
        """Take a line with a whole number."""
        line = self.line().removesuffix(b"L")
        if len(line) > _MAX_DIGITS:
            raise damaged("its pickle holds a number that is too large")
        try:
            return int(line)
        except ValueError:
            raise damaged("its pickle holds a number that is none") from None

    def decimal_or_boolean(self) -> int | bool:
        """Take a line with a number, or with 00 and 01 for false and true."""
        if self.data[self.at : self.at + 3] in {b"00\n", b"01\n"}:
            return self.line() == b"01"
        return self.decimal()

    def decimal_float(self) -> float:
        """Take a line with a float."""
        try:
            return float(self.line())
        except ValueError:
            raise damaged("its pickle holds a float that is none") from None

    def quoted(self) -> str:
        """Take a line with a quoted text."""
        line = self.line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in {b"'", b'"'}:  # noqa: PLR2004
            raise damaged("its pickle holds a text without quotes")
        try:
            return _old(codecs.escape_decode(line[1:-1])[0])
        except ValueError:
            raise damaged("its pickle holds a text with a wrong escape") from None

    def escaped(self) -> str:
        """Take a line with a Unicode text in escapes."""
        try:
            return self.line().decode("raw-unicode-escape")
        except UnicodeDecodeError:
            raise damaged("its pickle holds a text with a wrong escape") from None


def _old(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
