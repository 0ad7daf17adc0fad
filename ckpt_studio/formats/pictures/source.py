"""The bytes of a picture, in memory or in a file, of which only the asked ones are read."""

from ckpt_studio.formats.files import read_exactly


class Source:
    """Random access to bytes; places beyond the end are empty, never an error."""

    def __init__(self, data: bytes | int, size: int) -> None:
        """Take bytes, or the descriptor of an open file, and how many bytes there are."""
        self._data = data
        self.size = size

    def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes from an offset; fewer at the end.

        Raises:
            OSError: the file cannot be read.
        """
        count = min(count, self.size - offset)
        if offset < 0 or count <= 0:
            return b""
        if isinstance(self._data, bytes):
            return self._data[offset : offset + count]
        return read_exactly(self._data, count, offset)
