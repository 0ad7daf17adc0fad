"""The bottom of the Compare panel: the metadata to open, how much is shown, what to take along."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QVBoxLayout, QWidget

from ckpt_studio.core.comparison.compared_table import ComparedTable
from ckpt_studio.core.comparison.comparison_text import keys_line, no_lora
from ckpt_studio.core.text import count
from ckpt_studio.qt.labels import label
from ckpt_studio.qt.wrapping_row import WrappingRow


class CompareFoot(QWidget):
    """Says how the metadata differs and shows it on request."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = 0
        self.metadata = QToolButton()
        self.metadata.setText(self.tr("Metadata"))
        self.metadata.setObjectName("compareMetadataToggle")
        self.metadata.setCheckable(True)
        self.metadata.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._shown = label(role="dim")
        self._shown.setObjectName("compareShown")
        self.export = QPushButton(self.tr("E&xport CSV…"))
        self.export.setObjectName("compareExport")
        self.export.setToolTip(self.tr("Save a table of all tensors"))
        self.copy = QPushButton(self.tr("C&opy summary"))
        self.copy.setObjectName("compareCopy")
        self.lora = QPushButton(self.tr("Make a LoRA of the &difference…"))
        self.lora.setObjectName("compareLora")
        row = WrappingRow(8)
        row.add(self.metadata)
        row.push_right()
        for widget in (self._shown, self.lora, self.export, self.copy):
            row.add(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(row)
        self.metadata.toggled.connect(self._show_arrow)
        self._show_arrow()

    def show_table(self, table: ComparedTable) -> None:
        """Belong to another comparison."""
        self._rows = len(table.rows)
        reason = no_lora(table.comparison)
        self.lora.setEnabled(not reason)
        self.lora.setToolTip(reason or self.tr("What B has learned, as a LoRA for A"))
        keys = keys_line(table)
        self.metadata.setText(
            self.tr("Metadata: {keys}").format(keys=keys) if keys else self.tr("Metadata: the same")
        )
        self.metadata.setEnabled(bool(keys))
        if not keys:
            self.metadata.setChecked(False)

    def show_shown(self, rows: int) -> None:
        """Say how many rows are shown."""
        self._shown.setText(
            self.tr("{shown} of {all}").format(shown=count(rows), all=count(self._rows))
        )

    def _show_arrow(self) -> None:
        opened = self.metadata.isChecked()
        self.metadata.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
