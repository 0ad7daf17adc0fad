"""The question before keys go, or change, that a program needs to load the model."""

from PySide6.QtWidgets import QWidget

from ckpt_studio.core.editing.metadata_rows import removed_with
from ckpt_studio.qt.question import confirmed


def may_lose(keys: frozenset[str], parent: QWidget) -> bool:
    """Ask before needed keys are removed or changed; other keys go without a question."""
    reasons = removed_with(keys)
    if not reasons:
        return True
    title, told = parent.tr("Needed to load"), parent.tr("Some programs need this:")
    go, stay, more = parent.tr("&Go on"), parent.tr("&Keep it"), "\n".join(reasons)
    return confirmed(parent, "neededQuestion", title, told, go=go, stay=stay, more=more)
