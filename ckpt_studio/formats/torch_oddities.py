"""What is odd about a PyTorch pickle that can be opened all the same, as sentences."""

from ckpt_studio.core.problems import Problem, warning
from ckpt_studio.formats.shown import shown, some
from ckpt_studio.formats.torch_pickle_calls import TorchMeaning

_MOST_SHOWN = 8
_USUAL_ATTRIBUTES = {"_metadata", "requires_grad", "_backward_hooks"}


def odd_things(meaning: TorchMeaning) -> list[Problem]:
    """Return a warning for each kind of odd thing that was met."""
    found: list[Problem] = []
    if meaning.foreign:
        found.append(
            warning(
                "Beside the weights it names things of other programs: "
                f"{some(meaning.foreign, _MOST_SHOWN)}",
                "They were not loaded and no code of them was run; only the weights are used.",
                names=tuple(map(shown, meaning.foreign)),
            )
        )
    odd = [name for name in meaning.attributes if name not in _USUAL_ATTRIBUTES]
    if odd:
        found.append(
            warning(
                "Its pickle sets attributes on tensors or dicts, which is unsupported: "
                f"{some(odd, _MOST_SHOWN)}",
                "They are ignored; the tensors are used as they lie in the file.",
            )
        )
    if meaning.loose:
        found.append(
            warning(
                "Its pickle has a key without a value, which other programs refuse",
                "The key is left out. Compare the tensors with those of the original.",
            )
        )
    return found
