"""What a comparison comes to, in sentences: which parts are the same, and how far others differ."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ckpt_studio.core.comparison.comparing import ComparedTensor, Comparison, State
from ckpt_studio.core.comparison.differences import Difference, TensorDifference, together
from ckpt_studio.core.families.part_names import part_name
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.text import count, counted, listed

_NO_MATTER = 5e-5


class PartState(Enum):
    """How a part that both files have stands in A beside B; from most to least alike."""

    IDENTICAL = "identical"  # byte for byte
    SAME = "same"  # the same values, or the same weights in another precision
    DIFFERENT = "different"  # the same tensors with other values
    UNLIKE = "unlike"  # other tensors, or other shapes
    UNKNOWN = "unknown"  # the values have not been compared


_TOLD = {PartState.IDENTICAL, PartState.SAME, PartState.DIFFERENT}


@dataclass(frozen=True, slots=True)
class PartVerdict:
    """How one part that both files have compares.

    ``difference`` adds up the tensors of the part that were compared, None where none were.
    ``common`` is how the tensors compare that both have in the same shape: what other tensors
    there are says nothing of those.
    """

    part: str
    state: PartState
    difference: Difference | None
    common: PartState


def part_verdicts(
    comparison: Comparison, differences: Iterable[TensorDifference] = ()
) -> tuple[PartVerdict, ...]:
    """Return how each part that both files have compares, as far as values were compared."""
    found = {(one.tensor.part, one.tensor.name): one for one in differences}
    sums = together(found.values(), lambda tensor: tensor.part)
    verdicts = []
    for part in comparison.shared:
        rows = comparison.parts[part]
        shared = [row for row in rows if row.comparable]
        common = _state(shared, found)
        state = common if len(shared) == len(rows) else PartState.UNLIKE
        verdicts.append(PartVerdict(part, state, sums.get(part), common))
    return tuple(verdicts)


def _state(
    rows: Sequence[ComparedTensor], found: Mapping[tuple[str, str], TensorDifference]
) -> PartState:
    if not rows:
        return PartState.UNLIKE
    results = [found.get((row.part, row.name)) for row in rows]
    if any(result is not None and not result.same for result in results):
        return PartState.DIFFERENT
    if any(result is None for result in results):
        return PartState.UNKNOWN
    same = all(result is not None and result.identical for result in results)
    return PartState.IDENTICAL if same else PartState.SAME


def verdict(
    comparison: Comparison, differences: Iterable[TensorDifference] | None = None
) -> tuple[str, ...]:
    """Return what a comparison comes to, the most important sentence first.

    Without ``differences`` it says what the headers tell.
    """
    if not comparison.shared:
        return ("The files have no tensors in common.", *_of_unlike_parts(comparison))
    parts = part_verdicts(comparison, differences or ())
    if differences is None:
        said = list(_from_headers(comparison))
    else:
        whole = not any(row.a is None or row.b is None for row in comparison.tensors)
        said = list(_of_whole(comparison, parts) if whole else _of_parts(comparison, parts))
    rest = (_only_in_one, _of_families, _of_metadata)
    return (*said, *(sentence for say in rest for sentence in say(comparison)))


def _of_unlike_parts(comparison: Comparison) -> Iterator[str]:
    """Say why there is nothing to compare where both files hold parts that are known."""
    own = list(_only_in_one(comparison))
    yield from own
    if len(own) == len("AB"):
        yield "A part is compared with the same part of another model."
    yield from _of_families(comparison)


def _of_families(comparison: Comparison) -> Iterator[str]:
    a, b = comparison.a.recognition, comparison.b.recognition
    if a.architecture and b.architecture and a.architecture != b.architecture:
        yield f"The models are of two families: {a.name} in A, {b.name} in B."


def _from_headers(comparison: Comparison) -> Iterator[str]:
    counts = comparison.counts
    both = sum(counts[state] for state in (State.SAME, State.DTYPE, State.SHAPE))
    other = counts[State.ONLY_A] + counts[State.ONLY_B]
    start = f"Both files hold {'' if other else 'the same '}{counted(both, 'tensor')}"
    if other:
        start = f"{counted(both, 'tensor')} {'is' if both == 1 else 'are'} in both files"
    said = []
    for state, what in ((State.SHAPE, "shape"), (State.DTYPE, "precision")):
        if counts[state]:
            many = "all" if counts[state] == both else f"{counts[state]:,}"
            said.append(f"{many} of them in another {what}" if both > 1 else f"in another {what}")
    yield f"{start}, {' and '.join(said)}." if said else f"{start}, in the same shapes and types."


def _of_whole(comparison: Comparison, parts: Sequence[PartVerdict]) -> Iterator[str]:
    """Say how files compare that hold the same tensors."""
    states = {part.state for part in parts}
    if states == {PartState.IDENTICAL}:
        yield "All tensors are the same, byte for byte."
    elif states <= {PartState.IDENTICAL, PartState.SAME}:
        yield f"The files hold the same weights{_in_types(comparison.tensors)}."
    else:
        yield from _of_parts(comparison, parts)
        return
    yield from _of_invalid(parts)


def _of_parts(comparison: Comparison, parts: Sequence[PartVerdict]) -> Iterator[str]:
    same = [part for part in parts if part.state in {PartState.IDENTICAL, PartState.SAME}]
    rest = [part for part in parts if part.state in {PartState.DIFFERENT, PartState.UNLIKE}]
    only = bool(same) and len(rest) == 1 and len(same) + 1 == len(parts)
    for part in rest:
        if part.state is PartState.UNLIKE and part.common in _TOLD:
            yield _in_common(comparison, part)
        elif list(comparison.parts) == [""]:  # models of a kind that is not known
            yield f"The tensors {_differs(part)}."
        else:
            yield f"{'Only the' if only else 'The'} {_label(part.part)} {_differs(part)}."
    for state in (PartState.IDENTICAL, PartState.SAME):
        names = [part.part for part in same if part.state is state]
        if names:
            yield _alike(comparison, names, byte_for_byte=state is PartState.IDENTICAL)
    alike = [part for part in parts if part.common in {PartState.IDENTICAL, PartState.SAME}]
    yield from _of_invalid(alike)


def _of_invalid(parts: Sequence[PartVerdict]) -> Iterator[str]:
    """Say which parts that are the same in both hold values that are no numbers."""
    for part in parts:
        if part.difference and part.difference.invalid:
            where = f"In the {_label(part.part)}, " if part.part else ""
            yield f"{where}{not_finite(part.difference)}."


def _in_common(comparison: Comparison, part: PartVerdict) -> str:
    """Say how the tensors compare that both have, and which others there are."""
    rows = comparison.parts[part.part]
    shared = [row for row in rows if row.comparable]
    states = {State.SHAPE: "has another shape", State.ONLY_A: "is only in A"}
    states[State.ONLY_B] = "is only in B"
    found = {state: [row.name for row in rows if row.state is state] for state in states}
    others = [_others(names, states[state]) for state, names in found.items() if names]
    start = "The tensor" if len(shared) == 1 else f"The {counted(len(shared), 'tensor')}"
    of = f" of the {_label(part.part)}" if part.part else ""
    shape = " in the same shape" if found[State.SHAPE] else ""
    if part.common is PartState.DIFFERENT:
        how = _differs_by("differs" if len(shared) == 1 else "differ", part.difference)
    else:
        how = f"{'is' if len(shared) == 1 else 'are'} the same"
        how += ", byte for byte" if part.common is PartState.IDENTICAL else _in_types(shared)
    return f"{start}{of} that both have{shape} {how}; {listed(others)}."


def _others(names: Sequence[str], state: str) -> str:
    """Return ``position_ids is only in B``, or ``3 others are only in B``."""
    if len(names) == 1:
        return f"{one_line(names[0])} {state}"
    return f"{count(len(names))} others {state.replace('is ', 'are ').replace('has', 'have')}"


def _alike(comparison: Comparison, parts: Sequence[str], *, byte_for_byte: bool) -> str:
    names = listed([_label(part) for part in parts])
    verb = "is" if len(parts) == 1 and parts[0] else "are"
    if byte_for_byte:
        return f"The {names} {verb} the same in both."
    rows = [row for part in parts for row in comparison.parts[part]]
    return f"The {names} {verb} the same in both{_in_types(rows)}."


def _in_types(rows: Iterable[ComparedTensor]) -> str:
    """Return ", in another precision: F32 in A, F16 in B" by most of the bytes that differ."""
    kinds: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.a and row.b and row.a.dtype is not row.b.dtype:
            kinds[row.a.dtype.label, row.b.dtype.label] += row.nbytes
    if not kinds:
        return ""
    one, other = kinds.most_common(1)[0][0]
    return f" in another precision: {one} in A, {other} in B"


def _differs(part: PartVerdict) -> str:
    if part.state is PartState.UNLIKE:
        return f"{'differs' if part.part else 'differ'} in names or shapes"
    return _differs_by("differs" if part.part else "differ", part.difference)


def _differs_by(verb: str, gap: Difference | None) -> str:
    invalid = not_finite(gap) if gap else ""
    if gap is None or not gap.squares_a or not (gap.squares or invalid):
        return f"{verb}: {invalid}" if invalid else verb
    if not gap.squares:
        return f"{verb}: {invalid}"
    return f"{verb} by {percent(gap.relative)}{f', and {invalid}' if invalid else ''}"


def not_finite(gap: Difference) -> str:
    """Return ``1 value of B is NaN or infinite``; "" where all values are finite."""
    sides = [
        (number, side) for number, side in ((gap.invalid_a, "A"), (gap.invalid_b, "B")) if number
    ]
    if not sides:
        return ""
    (first, side), *rest = sides
    said = " and ".join(
        [f"{counted(first, 'value')} of {side}", *(f"{n:,} of {b}" for n, b in rest)]
    )
    return f"{said} {'is' if first == 1 and not rest else 'are'} NaN or infinite"


def percent(share: float) -> str:
    """Return a relative difference as people read it: ``3.2 %``, ``under 0.01 %``."""
    if share < _NO_MATTER:
        return "under 0.01 %"
    value = 100 * share
    digits = next((digits for limit, digits in ((1, 2), (10, 1)) if value < limit), 0)
    return f"{value:.{digits}f} %"


def _only_in_one(comparison: Comparison) -> Iterator[str]:
    for side in ("A", "B"):
        own = [
            part
            for part, rows in comparison.parts.items()
            if part and all((row.b if side == "A" else row.a) is None for row in rows)
        ]
        if own:
            yield f"Only {side} has the {listed([_label(part) for part in own])}."


def _of_metadata(comparison: Comparison) -> Iterator[str]:
    changed = sum(key.state is not State.SAME for key in comparison.metadata)
    if changed:
        yield f"The metadata differs in {counted(changed, 'key')}."


def _label(part: str) -> str:
    return {"unet": "diffusion model", "": "tensors of no part"}.get(part, part_name(part))
