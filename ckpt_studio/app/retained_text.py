"""What the ranks of a LoRA hold of the changes it stands for, in words."""

from PySide6.QtCore import QCoreApplication

from ckpt_studio.core.plan import Report, Retained

_WORST = 3
_LISTED = 20


def tr(sentence: str) -> str:
    """Translate a text about LoRAs."""
    return QCoreApplication.translate("Retained", sentence)


def retained_line(report: Report) -> str:
    """Return the share of all changes and the layers with the least; "" where none was cut."""
    if not report.retained:
        return ""
    kept = sum(each.kept for each in report.retained)
    total = sum(each.total for each in report.retained)
    line = tr("The rank holds {share} of all changes").format(
        share=_percent(Retained("", kept, total))
    )
    worst = [f"{_percent(each)} {tr('of')} {each.key}" for each in _least(report)[:_WORST]]
    return tr("{line}; least: {layers}.").format(line=line, layers=", ".join(worst))


def retained_lines(report: Report) -> str:
    """Return the layers of which the least is held, a line each."""
    return "\n".join(f"{_percent(each)}  {each.key}" for each in _least(report)[:_LISTED])


def _least(report: Report) -> list[Retained]:
    return sorted(report.retained, key=lambda each: each.share)


def _percent(retained: Retained) -> str:
    return f"{100 * retained.share:.1f} %"
