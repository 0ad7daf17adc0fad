"""A copy of a file in which things are mended: which ones, above the plan for it."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_studio.app.convert_dialog import ConvertDialog
from ckpt_studio.app.output_name import free_path
from ckpt_studio.core.assembly.source_names import generic, plain_stem
from ckpt_studio.core.health import Finding
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.plan import Plan
from ckpt_studio.core.recipe import Convert
from ckpt_studio.engine.write_options import WriteOptions
from ckpt_studio.qt.labels import ElidedLabel

_LONGEST = 600


def repaired_file(source: Path) -> Path:
    """Return a free path for a mended copy: beside the file, or beside the folder of a model."""
    folder = source.parent.parent if generic(source) else source.parent
    return free_path(folder, f"{plain_stem(source)}_fixed", ".safetensors")


class RepairDialog(ConvertDialog):
    """The dialog for a conversion that names its fixes."""

    control = "repair"

    def __init__(
        self,
        recipe: Convert,
        plan: Plan,
        options: WriteOptions,
        parent: QWidget,
        findings: Sequence[Finding],
        *,
        edited: bool = False,
    ) -> None:
        """``edited`` says that the recipe holds edits of the metadata that are in no file yet."""
        super().__init__(recipe, plan, options, parent)
        self.setWindowTitle(self.tr("Save a mended copy"))
        named = QWidget()
        lines = QVBoxLayout(named)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(2)
        for finding in findings:
            if finding.fix is not None:
                lines.addWidget(
                    ElidedLabel(
                        one_line(f"{finding.fix.label}: {finding.problem.message}", _LONGEST),
                        mode=Qt.TextElideMode.ElideRight,
                    )
                )
        self._add_choice(self.tr("Fixes"), named)
        if edited:
            said = self.tr("Your unsaved edits go into the copy; they stay unsaved in this file.")
            told = ElidedLabel(said, mode=Qt.TextElideMode.ElideRight)
            told.setObjectName("repairEdits")
            self._add_choice(self.tr("Metadata"), told)
