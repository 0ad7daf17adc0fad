"""What other programs will read from a file, and what stops them."""

from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.core.editing.metadata_readers import Reading, readings
from ckpt_studio.core.editing.metadata_rows import preview
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.qt import theme
from ckpt_studio.qt.labels import label, plain_tip


class ReadingsDialog(QDialog):
    """A list by program: what it takes, from which key, and the value."""

    def __init__(
        self, metadata: Metadata, header_bytes: int, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("readingsDialog")
        self.setWindowTitle(self.tr("What programs read"))
        self._tree = QTreeWidget()
        self._tree.setObjectName("readings")
        self._tree.setAccessibleName(self.windowTitle())
        self._tree.setHeaderLabels([self.tr("Takes"), self.tr("From"), self.tr("Value")])
        self._tree.setUniformRowHeights(True)
        self._fill(readings(metadata, header_bytes))
        close = QPushButton(self.tr("&Close"))
        close.setObjectName("readingsClose")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        head = self.tr("What other programs will read once the file is saved:")
        column.addWidget(label(head, "h2", wrap=True))
        column.addWidget(self._tree, 1)
        column.addLayout(buttons)
        self.resize(760, 480)

    def _fill(self, found: tuple[Reading, ...]) -> None:
        groups: dict[str, QTreeWidgetItem] = {}
        for reading in found:
            group = groups.get(reading.program)
            if group is None:
                group = QTreeWidgetItem([reading.program])
                groups[reading.program] = group
                self._tree.addTopLevelItem(group)
            what = reading.what[:1].upper() + reading.what[1:]
            value = reading.problem or preview(reading.value)
            item = QTreeWidgetItem([what, reading.key, value])
            item.setToolTip(2, plain_tip(value))
            if reading.problem:
                item.setForeground(2, theme.current().color("warn"))
            group.addChild(item)
        self._tree.expandAll()
        header = self._tree.header()
        for place in (0, 1):
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.ResizeToContents)
