"""What is said before and after edits of metadata are saved."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication

from ckpt_studio.core import text
from ckpt_studio.core.editing.metadata_changes import changes
from ckpt_studio.core.header_size import exceeded, newly_exceeded
from ckpt_studio.core.plan import Plan, Report


def tr(sentence: str) -> str:
    """Translate a text about edits."""
    return QCoreApplication.translate("Edits", sentence)


def keys_line(plan: Plan) -> str:
    """Return how many keys change."""
    return changes(plan.sources[0].metadata, plan.metadata).sentence


def changed_keys(plan: Plan) -> str:
    """Return the names of the keys that change, a line each."""
    found = changes(plan.sources[0].metadata, plan.metadata)
    signs = (("+", found.added), ("~", found.changed), ("−", found.removed))
    return "\n".join(f"{sign} {key}" for sign, keys in signs for key in keys)


def header_line(plan: Plan) -> str:
    """Return the size of the header now and then, and who does not read it.

    Who stops reading it with this edit is a problem of the plan.
    """
    before, after = plan.sources[0].header_bytes, plan.header_bytes
    line = f"{text.binary_size(before)} → {text.binary_size(after)}"
    mark = exceeded(after)
    if mark is None:
        return tr("{line} · fine everywhere").format(line=line)
    return line if newly_exceeded(before, after) else f"{line} · {mark.lost}"


def saved_line(report: Report) -> str:
    """Return what came of a save in one line: hashes, how the data got there, how long it took."""
    parts = []
    if report.autov3_before:
        parts.append(
            tr("AutoV3 {before} before, {after} after").format(
                before=report.autov3_before, after=report.autov3
            )
        )
    else:
        parts.append(tr("AutoV3 stays"))
    autov2 = f" ({report.autov2})" if report.autov2 else ""
    parts.append(tr("SHA-256 and AutoV2{now} are new").format(now=autov2))
    if report.shared:
        parts.append(tr("data shared with the old file, not copied"))
    parts.append(text.duration(report.seconds))
    return " · ".join(parts)


def sidecar(model: Path) -> Path:
    """Return where metadata go beside a model; a file that is there is somebody else's.

    A1111, Forge and SwarmUI look at NAME.json.
    """
    plain = model.with_suffix(".json")
    return model.with_suffix(".metadata.json") if plain.exists() else plain


def copy_name(model: Path) -> Path:
    """Return a free name for a copy beside a model, always a safetensors file."""
    plain = model.with_suffix(".safetensors")
    numbers = (f"{model.stem}_edited{number or ''}" for number in range(1000))
    names = (plain, *(plain.with_name(f"{name}.safetensors") for name in numbers))
    return next((name for name in names if not name.exists()), plain)
