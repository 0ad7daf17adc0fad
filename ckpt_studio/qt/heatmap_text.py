"""What a heat map says in words and numbers: in its cells, in tooltips and to screen readers."""

from math import isinf

from PySide6.QtCore import QCoreApplication

from ckpt_studio.core.comparison.difference_map import Cell, DifferenceMap, Metric, Place
from ckpt_studio.core.comparison.verdict import not_finite, percent
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.text import count, counted

_LEAST_SHOWN = 0.005
_DIGITS = ((9.95, 0), (0.995, 1))


def _tr(text: str) -> str:
    return QCoreApplication.translate("HeatMap", text)


def cell_text(value: float, metric: Metric) -> str:
    """Return a value in as few characters as tell something; relative ones in percent."""
    if isinf(value):
        return "∞"
    if not value:
        return "0"
    if metric is not Metric.RELATIVE:
        return f"{value:.1g}"
    share = 100 * value
    if share < _LEAST_SHOWN:
        return "<.01"
    digits = next((digits for least, digits in _DIGITS if share >= least), 2)
    return f"{share:.{digits}f}"


def amount(value: float, metric: Metric) -> str:
    """Return a value with its unit."""
    if isinf(value):
        return "∞"
    if metric is Metric.RELATIVE:
        return percent(value) if value else "0 %"
    return f"{value:.3g}"


def place_text(place: Place) -> str:
    """Return ``UNet · IN04 · attn1``."""
    part, block, kind = place
    words = (part_name(part), block or _tr("outside blocks"), kind)
    return " · ".join(word for word in words if word)


def told(place: Place, cell: Cell | None, metric: Metric) -> str:
    """Say what is in a cell."""
    if cell is None:
        return f"{place_text(place)}: {_tr('nothing')}"
    return f"{place_text(place)}: {', '.join(_facts(cell, metric))}"


def _facts(cell: Cell, metric: Metric) -> list[str]:
    facts = []
    value = cell.value(metric)
    if cell.compared and cell.same == cell.compared == cell.tensors:
        facts.append(_tr("the same"))
    if cell.invalid:
        facts.append(not_finite(cell.difference))
    if value:
        facts.append(f"{_tr(metric.value)} {amount(value, metric)}")
    elif cell.compared and value is None and not cell.invalid:
        facts.append(_tr("other bytes, which have no distance"))
    if cell.tensors:
        facts.append(counted(cell.tensors, "tensor"))
    if cell.compared < cell.tensors:
        facts.append(
            _tr("{number} not compared").format(number=count(cell.tensors - cell.compared))
        )
    if cell.unlike:
        facts.append(_tr("{number} without a counterpart").format(number=count(cell.unlike)))
    return facts


def told_map(shown: DifferenceMap, metric: Metric) -> str:
    """Say what the whole map shows."""
    if not shown.columns:
        return _tr("Nothing to show")
    size = _tr("{blocks} by {kinds} kinds of layers").format(
        blocks=counted(len(shown.columns), "block"), kinds=len(shown.kinds)
    )
    peak = shown.peak(metric)
    if peak is not None:
        largest = _tr("The largest difference is in {place}").format(
            place=told(peak, shown.cells[peak], metric)
        )
        return f"{size}. {largest}."
    if any(cell.compared for cell in shown.cells.values()):
        return f"{size}. {_tr('No difference was found.')}"
    return f"{size}. {_tr('The values have not been compared.')}"
