"""What the save plan says in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from ckpt_studio.core import text
from ckpt_studio.core.part_names import part_name
from ckpt_studio.core.plan import PartSummary, Plan

_LIBRARY_LIMIT = 1 << 20  # ComfyUI's model library refuses larger headers (ux.md 0.5)


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part as it stands in the table."""

    title: str
    source: Path | None
    tensors: str
    precision: str
    size: str


def tr(sentence: str) -> str:
    """Translate a text of the save plan."""
    return QCoreApplication.translate("SavePlan", sentence)


def target_lines(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return lines about the target, each with the role of its label."""
    facts = [text.binary_size(plan.bytes)]
    if plan.free_bytes is not None:
        facts.append(tr("{free} free on that disk").format(free=text.binary_size(plan.free_bytes)))
    if plan.peak_memory_bytes:
        memory = text.binary_size(plan.peak_memory_bytes)
        facts.append(tr("at most {memory} of memory").format(memory=memory))
    path = plan.output
    if path is not None and path.exists():
        status = path.stat()
        old = tr("replaces a file of {size} from {date}").format(
            size=text.binary_size(status.st_size),
            date=datetime.fromtimestamp(status.st_mtime).astimezone().strftime("%d %b %Y"),
        )
        return ((old, "warn"), (" · ".join(facts), "dim"))
    return ((" · ".join([tr("new file"), *facts]), "dim"),)


def part_rows(plan: Plan) -> tuple[PartRow, ...]:
    """Return the parts; a plan without parts is one row for the whole file."""
    if plan.parts:
        return tuple(_part_row(part) for part in plan.parts)
    source = plan.sources[0].path if plan.sources else None
    whole = PartRow(
        tr("All tensors"), source, text.count(len(plan.tensors)), "", text.binary_size(plan.bytes)
    )
    return (whole,)


def _part_row(part: PartSummary) -> PartRow:
    return PartRow(
        part_name(part.part),
        part.source,
        text.count(part.tensors),
        _was_will_be(part.dtype_before, part.dtype_after),
        text.binary_size(part.bytes),
    )


def _was_will_be(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    was, will = _main(before), _main(after)
    if dict(before) == dict(after) or was == will:
        return tr("{dtype}, copied").format(dtype=will)
    return f"{was} → {will}"


def _main(sizes: Mapping[str, int]) -> str:
    total = sum(sizes.values())
    names = [name for name, size in sizes.items() if size * 100 >= total]
    return " + ".join(names) or "–"


def metadata_line(plan: Plan) -> str:
    """Return what is in the header besides the tensors, and who can read a header of that size."""
    entries = len(plan.metadata)
    noun = tr("1 entry") if entries == 1 else tr("{count} entries").format(count=entries)
    line = tr("Metadata: {entries} · header {size}").format(
        entries=noun, size=text.binary_size(plan.header_bytes)
    )
    if plan.header_bytes > _LIBRARY_LIMIT:
        return tr("{line} · too large for ComfyUI's model library (1 MiB)").format(line=line)
    return line
