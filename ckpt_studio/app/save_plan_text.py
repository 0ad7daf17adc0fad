"""What the save plan says in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from ckpt_studio.core import text
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.plan import Container, PartSummary, Plan

_FEW = 3
_LIBRARY_LIMIT = 1 << 20  # ComfyUI's model library refuses larger headers (ux.md 0.5)


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part as it stands in the table."""

    title: str
    sources: tuple[Path, ...]
    tensors: str
    precision: str
    size: str
    file: str = ""


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
    old_files = replaced(plan)
    if plan.files:
        return _set_lines(plan, facts, old_files)
    if old_files:
        status = old_files[0].stat()
        old = tr("replaces a file of {size} from {date}").format(
            size=text.binary_size(status.st_size),
            date=datetime.fromtimestamp(status.st_mtime).astimezone().strftime("%d %b %Y"),
        )
        return ((old, "warn"), (" · ".join(facts), "dim"))
    return ((" · ".join([tr("new file"), *facts]), "dim"),)


def _set_lines(plan: Plan, facts: list[str], old: tuple[Path, ...]) -> tuple[tuple[str, str], ...]:
    line = " · ".join([counted_files(len(plan.files)), *facts])
    if not old:
        return ((line, "dim"),)
    names = ", ".join(path.name for path in old[:_FEW])
    if len(old) > _FEW:
        names = tr("{names} and {count} more").format(names=names, count=len(old) - _FEW)
    return ((tr("replaces {names}").format(names=names), "warn"), (line, "dim"))


def counted_files(count: int) -> str:
    """Return ``1 file`` or ``3 files``."""
    return tr("1 file") if count == 1 else tr("{count} files").format(count=count)


def replaced(plan: Plan) -> tuple[Path, ...]:
    """Return the files that stand where the plan writes."""
    if plan.output is None:
        return ()
    folder = plan.folder or Path()
    names = (*plan.files, *plan.texts)
    paths = [folder / name for name in names] if plan.files else [plan.output]
    return tuple(path for path in paths if path.is_file())


def part_rows(plan: Plan) -> tuple[PartRow, ...]:
    """Return the parts; a plan without parts is one row for the whole file."""
    if plan.parts:
        return tuple(_part_row(part, _file_of(plan, part.part)) for part in plan.parts)
    sources = tuple(source.path for source in plan.sources[:1])
    whole = PartRow(
        tr("All tensors"), sources, text.count(len(plan.tensors)), "", text.binary_size(plan.bytes)
    )
    return (whole,)


def _file_of(plan: Plan, part: str) -> str:
    files = dict.fromkeys(row.file for row in plan.tensors if row.part == part)
    return next(iter(files), "") if len(files) == 1 else counted_files(len(files))


def _part_row(part: PartSummary, file: str) -> PartRow:
    return PartRow(
        part_name(part.part),
        (*([part.source] if part.source else []), *part.others),
        text.count(part.tensors),
        _was_will_be(part),
        text.binary_size(part.bytes),
        file,
    )


def _was_will_be(part: PartSummary) -> str:
    was, will = _main(part.dtype_before), _main(part.dtype_after)
    if part.computed:
        return tr("{dtype}, {count} computed").format(dtype=will, count=text.count(part.computed))
    if was == will:
        return tr("{dtype}, copied").format(dtype=will)
    return f"{was} → {will}"


def _main(sizes: Mapping[str, int]) -> str:
    total = sum(sizes.values())
    ordered = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    names = [name for name, size in ordered if size * 100 >= total]
    return " + ".join(names) or "–"


def metadata_line(plan: Plan) -> str:
    """Return what is in the header besides the tensors, and who can read a header of that size."""
    entries = len(plan.metadata)
    noun = tr("1 entry") if entries == 1 else tr("{count} entries").format(count=entries)
    line = tr("Metadata: {entries} · header {size}").format(
        entries=noun, size=text.binary_size(plan.header_bytes)
    )
    read_by_library = plan.container is Container.SAFETENSORS
    if read_by_library and plan.header_bytes > _LIBRARY_LIMIT:
        return tr("{line} · too large for ComfyUI's model library (1 MiB)").format(line=line)
    return line
