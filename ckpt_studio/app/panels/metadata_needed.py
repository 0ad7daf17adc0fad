"""Questions before something goes: keys that a program needs, a JSON text with a mistake."""

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


def may_leave_out_text(parent: QWidget) -> bool:
    """Ask before metadata are saved without a JSON text, because there is a mistake in it."""
    title, told = parent.tr("Save to file"), parent.tr("The JSON text has a mistake.")
    go, stay = parent.tr("&Save without it"), parent.tr("&Go back")
    more = parent.tr("It stays in its view; what was changed before is saved.")
    return confirmed(parent, "mistakeQuestion", title, told, go=go, stay=stay, more=more)
