"""The line below the metadata: how large the header gets and what that costs."""

from PySide6.QtWidgets import QHBoxLayout, QWidget

from ckpt_studio.core import text
from ckpt_studio.core.header_size import entry_bytes, exceeded
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.qt.labels import ElidedLabel, label, set_property
from ckpt_studio.qt.size_meter import SizeMeter


class MetadataMeter(QWidget):
    """A bar with its size in words; remembers the size of entries that did not change."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._known: dict[str, tuple[str, int]] = {}
        self._size = label()
        self._size.setObjectName("headerSize")
        self._bar = SizeMeter()
        self._bar.setObjectName("headerMeter")
        self._meaning = ElidedLabel(role="dim")
        self._meaning.setObjectName("headerMeaning")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._size)
        row.addWidget(self._bar, 1)
        row.addWidget(self._meaning, 1)

    def bytes_of(self, metadata: Metadata) -> int:
        """Return the bytes that metadata take in a header."""
        known = {
            key: self._known[key]
            if key in self._known and self._known[key][0] is value
            else (value, entry_bytes(key, value))
            for key, value in metadata.items()
        }
        self._known = known
        return sum(size for _, size in known.values())

    def bytes_before(self, original: Metadata) -> int:
        """Return the same for the metadata before the edits; what is measured is remembered."""
        return sum(
            self._known[key][1]
            if key in self._known and self._known[key][0] is value
            else entry_bytes(key, value)
            for key, value in original.items()
        )

    def show_size(self, size: int, *, whole: bool) -> None:
        """Show a header size; not ``whole`` when the table of tensors is not known yet."""
        mark = exceeded(size)
        self._size.setText(
            (self.tr("Header {size}") if whole else self.tr("Metadata {size}")).format(
                size=text.binary_size(size)
            )
        )
        self._bar.show_size(size)
        self._meaning.set_text(
            f"{mark.lost[:1].upper()}{mark.lost[1:]}." if mark else self.tr("Fine everywhere.")
        )
        set_property(self._meaning, "role", "warn" if mark else "dim")
