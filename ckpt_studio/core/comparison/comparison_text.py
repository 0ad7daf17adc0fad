"""A comparison in a few lines of plain text: what is counted, and a summary to pass on."""

from collections.abc import Iterator, Sequence

from ckpt_studio.core.comparison.compared_table import ComparedTable, Standing
from ckpt_studio.core.comparison.comparing import Comparison, State
from ckpt_studio.core.comparison.difference_map import DifferenceMap
from ckpt_studio.core.comparison.differences import Difference
from ckpt_studio.core.comparison.verdict import not_finite, percent
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.text import count, counted

_PATH = 1000
_LORA_PART = "unet"


def counts_line(table: ComparedTable) -> str:
    """Return ``same 612 · differ 1,903 · only A 0 · only B 12 · other shape 0 · …``."""
    found, states = table.counts, table.comparison.counts
    same = found[Standing.SAME] + found[Standing.IDENTICAL]
    known = same + found[Standing.DIFFERENT]
    facts = [("same", same), ("differ", found[Standing.DIFFERENT])] if known else []
    if not known or found[Standing.OPEN]:
        facts.append(("not compared" if known else "in both", found[Standing.OPEN]))
    facts += [
        ("only A", states[State.ONLY_A]),
        ("only B", states[State.ONLY_B]),
        ("other shape", states[State.SHAPE]),
        ("other type", states[State.DTYPE]),
    ]
    return " · ".join(f"{name} {count(number)}" for name, number in facts)


def keys_line(table: ComparedTable) -> str:
    """Return how the metadata differs: ``2 keys only in A, 3 changed``; "" where it does not."""
    words = {State.ONLY_A: "only in A", State.ONLY_B: "only in B", State.CHANGED: "changed"}
    states = [key.state for key in table.comparison.metadata]
    numbers = [(states.count(state), word) for state, word in words.items()]
    said = [(number, word) for number, word in numbers if number]
    return ", ".join(
        f"{count(number) if place else counted(number, 'key')} {word}"
        for place, (number, word) in enumerate(said)
    )


def no_lora(comparison: Comparison) -> str:
    """Say why the difference of two files cannot become a LoRA; "" where it may."""
    parts = {row.part for row in comparison.tensors if row.comparable}
    if not parts:
        return "The files have no tensors of one shape in common."
    if _LORA_PART not in parts:
        return "The files have no diffusion model in common, which a LoRA is for."
    return ""


def summary_text(table: ComparedTable, sentences: Sequence[str]) -> str:
    """Return both files, what the comparison comes to, and how far each part differs."""
    comparison = table.comparison
    lines = [
        f"{letter}: {one_line(str(side.checkpoint.path), _PATH)}"
        for letter, side in (("A", comparison.a), ("B", comparison.b))
    ]
    return "\n".join([*lines, "", *sentences, counts_line(table), *_parts(table.map)]) + "\n"


def _parts(shown: DifferenceMap) -> Iterator[str]:
    for part in shown.parts:
        cells = [cell for (of, _, _), cell in shown.cells.items() if of == part]
        compared = sum(cell.compared for cell in cells)
        gap = sum((cell.difference for cell in cells), Difference())
        if compared:
            name = part_name(part) or "Other"
            cosine = "" if gap.cosine is None else f", cosine {gap.cosine:.6f}"
            far = f"relative L2 {percent(gap.relative) if gap.relative else '0'}{cosine}"
            tensors = counted(compared, "tensor")
            odd = f", {not_finite(gap)}" if gap.invalid else ""
            yield f"{name}: {tensors} compared, {far}, largest {gap.largest:.4g}{odd}"
