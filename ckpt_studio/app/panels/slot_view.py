"""What a slot of the Assemble panel says, worked out from the session."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from ckpt_studio.app.session import Session
from ckpt_studio.core import text
from ckpt_studio.core.assembly import slots
from ckpt_studio.core.assembly.precision_choices import Choice, choices
from ckpt_studio.core.assembly.slots import Source
from ckpt_studio.core.families.part_names import ANY_TEXT_ENCODER, is_text_encoder, part_name
from ckpt_studio.core.plan import PartSummary, Plan
from ckpt_studio.core.recipe import Precision, precision_for
from ckpt_studio.core.recognition import FoundPart, Opened

PRECISION_NAMES: Mapping[Precision, str] = {
    Precision.FP32: "F32",
    Precision.FP16: "F16",
    Precision.BF16: "BF16",
    Precision.FP8_E4M3FN: "FP8 e4m3",
    Precision.FP8_E5M2: "FP8 e5m2",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A precision as it stands in the list."""

    precision: Precision
    label: str
    tip: str
    recommended: bool
    enabled: bool


@dataclass(frozen=True, slots=True)
class SlotView:
    """All texts of one slot."""

    part: str
    title: str
    source: str
    hint: str
    tip: str
    badges: tuple[str, ...]
    size: str
    filled: bool
    own_file: bool
    precision: Precision
    entries: tuple[Entry, ...]


def tr(sentence: str) -> str:
    """Translate a text of the slots."""
    return QCoreApplication.translate("Slots", sentence)


def slot_view(session: Session, part: str) -> SlotView:
    """Return what the slot of a part says now."""
    recipe, files, family = session.recipe, session.files, session.family
    source = slots.source_of(recipe, part, files)
    opened = files.get(source.path) if source else None
    found = _found(opened, part)
    chosen = precision_for(recipe.precision, part, text_encoder=is_text_encoder(part))
    planned = _planned(session.plan, part)
    stored = _dtype_names(opened, found)
    return SlotView(
        part=part,
        title=part_name(part),
        source=_source_text(session, part, source),
        hint=_hint(part, source, opened, found, session),
        tip=str(source.path) if source else "",
        badges=_badges(part, opened, stored),
        size=_size(opened, found, planned),
        filled=source is not None,
        own_file=source is not None and not source.shared,
        precision=chosen,
        entries=tuple(_entry(choice, stored) for choice in choices(part, family)),
    )


def _found(opened: Opened | None, part: str) -> FoundPart | None:
    if opened is None:
        return None
    if part == ANY_TEXT_ENCODER:
        parts = (each for each in opened.recognition.parts if is_text_encoder(each.part))
        return next(parts, None)
    return opened.recognition.find(part)


def _planned(plan: Plan | None, part: str) -> PartSummary | None:
    return next((each for each in plan.parts if each.part == part), None) if plan else None


def _source_text(session: Session, part: str, source: Source | None) -> str:
    if source is None:
        if part == ANY_TEXT_ENCODER:
            return tr("Choose text encoders")
        return tr("Choose the {part}").format(part=part_name(part))
    model = slots.source_of(session.recipe, "unet", session.files)
    if source.shared and part != "unet" and model and model.path == source.path:
        return tr("from the same file as the UNet")
    return source.path.name


def _hint(
    part: str,
    source: Source | None,
    opened: Opened | None,
    found: FoundPart | None,
    session: Session,
) -> str:
    if opened is None or found is None:
        family = session.family
        placement = family.text_encoders.get(part) if family else None
        if placement and placement.optional:
            return tr("optional: {family} works without it").format(family=family and family.name)
        return tr("or drop it here") if source is None else tr("opening…")
    parts = [tr("{count} tensors").format(count=text.count(len(found.names)))]
    if note := _form_note(found):
        parts.insert(0, note)
    if len(slots.offered(opened)) > 1 and (part == "unet" or (source and not source.shared)):
        parts.insert(0, _whole_note(part, source))
    return " · ".join(parts)


def _whole_note(part: str, source: Source | None) -> str:
    if source and source.shared:
        return tr("whole checkpoint")
    return tr("whole checkpoint, only its {part} is used").format(part=part_name(part))


def _form_note(found: FoundPart) -> str:
    match found.form:
        case "diffusers":
            return tr("diffusers names, will be renamed")
        case "hf" if found.part in {"clip_g", "clip_h"}:
            return tr("HF names, will be stored the OpenCLIP way")
        case "openclip" if found.part == "clip_l":
            return tr("OpenCLIP names, will be renamed")
    return ""


def _badges(part: str, opened: Opened | None, stored: str) -> tuple[str, ...]:
    if opened is None:
        return ()
    family = opened.recognition.architecture if part == "unet" else None
    return tuple(badge for badge in ((family or "").upper().replace("_", " "), stored) if badge)


def _dtype_names(opened: Opened | None, found: FoundPart | None) -> str:
    if opened is None or found is None:
        return ""
    sizes = found.dtypes(opened.checkpoint)
    total = sum(sizes.values())
    return " + ".join(name for name, size in sizes.items() if size * 100 >= total)


def _size(opened: Opened | None, found: FoundPart | None, planned: PartSummary | None) -> str:
    if opened is None or found is None:
        return ""
    return text.binary_size(planned.bytes if planned else found.bytes(opened.checkpoint))


def _entry(choice: Choice, stored: str) -> Entry:
    precision = choice.precision
    if precision is Precision.KEEP:
        label = tr("Keep ({dtype})").format(dtype=stored) if stored else tr("Keep as it is")
        return Entry(precision, label, tr("No change, and the fastest"), False, True)
    name = PRECISION_NAMES[precision]
    label = tr("Half, recommended ({dtype})").format(dtype=name) if choice.recommended else name
    tip = choice.refused or _tip(precision)
    return Entry(precision, label, tip, choice.recommended, not choice.refused)


def _tip(precision: Precision) -> str:
    return {
        Precision.FP32: tr("Full: the largest. Widening adds no quality."),
        Precision.FP16: tr("Half the size of full; what most models ship as. Up to 65,504."),
        Precision.BF16: tr("Half the size of full; the range of full with fewer digits."),
        Precision.FP8_E4M3FN: tr("A quarter of full; some loss of quality. Up to 448."),
        Precision.FP8_E5M2: tr("A quarter of full; more range and more loss. Up to 57,344."),
    }[precision]


def recent_sources(paths: tuple[Path, ...], files: Mapping[Path, Opened]) -> tuple[Path, ...]:
    """Return the recent files that are not open."""
    return tuple(path for path in paths if path not in files)
