"""Finds the model in what a pickle holds: around it lie names, training data and wrappers."""

from collections.abc import Iterator

from ckpt_studio.core.problems import Problem, note, warning
from ckpt_studio.formats.shown import shown, some
from ckpt_studio.formats.symbolic import Instance, OtherTensor, PickleError, Tensor

Found = dict[str, Tensor | OtherTensor]

_WRAPPERS = (
    *("state_dict", "model", "module", "params_ema", "params", "ema", "net"),
    *("model_state_dict", "weights"),
)
METADATA_KEY = "__metadata__"
"""What stands beside the ``state_dict`` in files of this program: texts, as in safetensors."""

_MODULE_FIELDS = ("_parameters", "_buffers", "_modules")
_MOST_LEVELS = 64
_MOST_SHOWN = 8
LONGEST_NAME = 10_000
"""Letters of the longest name of a tensor that is believed."""


class State:
    """The tensors of a model by name, its metadata, and what is said about the rest."""

    def __init__(self, value: object) -> None:
        self.tensors: Found = {}
        self.metadata = _metadata(value)
        self.problems: list[Problem] = []
        self._seen: set[int] = set()
        self._unnamed: list[str] = []
        if isinstance(value, Tensor | OtherTensor):
            self.tensors["tensor"] = value
            self.problems.append(
                warning(
                    "The file holds a single tensor instead of a dict of named ones (state_dict)",
                    'It is shown under the name "tensor".',
                )
            )
            return
        unwrapper = _Unwrapper()
        inside = unwrapper.unwrap(value)
        self._collect(inside, "", 0)
        left = [name for name in unwrapper.left if name != METADATA_KEY or not self.metadata]
        self._report(inside, left)

    def _collect(self, value: object, prefix: str, level: int) -> None:
        """Add the tensors below a value; every container is visited once."""
        if id(value) in self._seen or level > _MOST_LEVELS:
            return
        self._seen.add(id(value))
        for key, each in _entries(value):
            if not isinstance(each, dict | Instance | list | Tensor | OtherTensor):
                continue
            if len(prefix) + len(key) > LONGEST_NAME:
                raise PickleError(
                    f"is damaged: it names a tensor with over {LONGEST_NAME:,} letters"
                )
            if isinstance(each, Tensor | OtherTensor):
                self._add(f"{prefix}{key}", each)
            else:
                self._collect(each, f"{prefix}{key}.", level + 1)

    def _add(self, name: str, tensor: Tensor | OtherTensor) -> None:
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            self._unnamed.append(shown(name))
            return
        if name in self.tensors:
            raise PickleError(f'is ambiguous: it holds two tensors named "{shown(name)}"')
        self.tensors[name] = tensor

    def _report(self, inside: object, left: list[str]) -> None:
        if self._unnamed:
            names = some(self._unnamed, _MOST_SHOWN)
            self.problems.append(
                warning(
                    f"Tensors whose name is no Unicode text (surrogates) are left out: {names}",
                    "No other file could hold them under that name.",
                )
            )
        if left:
            self.problems.append(
                note(
                    f"What lies beside the model is left out: {some(left, _MOST_SHOWN)}",
                    "It is no weights.",
                )
            )
        others = [
            str(key)
            for key, each in _entries(inside)
            if not isinstance(each, dict | Instance | list | Tensor | OtherTensor)
        ]
        if others and self.tensors:
            self.problems.append(
                note(f"Values that are no tensors are left out: {some(others, _MOST_SHOWN)}")
            )
        if not self.tensors:
            self.problems.append(
                warning("The file holds no tensors", "Its state_dict is empty, or it is no model.")
            )


def _metadata(value: object) -> dict[str, str]:
    """Return the texts beside the model; nothing where other things stand under that name."""
    if not isinstance(value, dict) or "state_dict" not in value:
        return {}
    found = value.get(METADATA_KEY)
    if not isinstance(found, dict):
        return {}
    texts = {key: text for key, text in found.items() if _is_text(key) and _is_text(text)}
    return texts if len(texts) == len(found) else {}


def _is_text(value: object) -> bool:
    """Whether a value is a text that other files can hold; lone surrogates are none."""
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class _Unwrapper:
    """Goes from wrapper to wrapper down to the model; counts each container only once."""

    def __init__(self) -> None:
        self.left: list[str] = []
        self._counts: dict[tuple[int, int], int] = {}

    def unwrap(self, value: object) -> object:
        """Return what holds the tensors; ``left`` are the names beside it.

        Raises:
            PickleError: the wrappers contain one another.
        """
        seen: set[int] = set()
        while isinstance(value, dict | Instance):
            if id(value) in seen or len(seen) > _MOST_LEVELS:
                raise PickleError(
                    "holds no tensors: its state_dict contains itself (cycle)",
                    "The file is no model.",
                )
            seen.add(id(value))
            entries = dict(_entries(value))
            key = self._wrapper(entries)
            if key is None:
                break
            self.left.extend(name for name in entries if name != key)
            value = entries[key]
        return value

    def _wrapper(self, entries: dict[str, object]) -> str | None:
        """Return the name under which the model lies, None when it lies here."""
        if isinstance(entries.get("state_dict"), dict | Instance):
            return "state_dict"
        here = sum(isinstance(each, Tensor | OtherTensor) for each in entries.values())
        for key in _WRAPPERS:
            if self._tensors_in(entries.get(key)) > here:
                return key
        if len(entries) == 1 and not here:
            key, inside = next(iter(entries.items()))
            return key if isinstance(inside, dict) and self._tensors_in(inside) else None
        return None

    def _tensors_in(self, value: object, levels: int = 3) -> int:
        """Count tensors some levels deep; a container of them inside counts once."""
        if not isinstance(value, dict | Instance):
            return 0
        known = self._counts.get((id(value), levels))
        if known is not None:
            return known
        self._counts[id(value), levels] = 0  # for one that contains itself
        count = 0
        for _, each in _entries(value):
            if isinstance(each, Tensor | OtherTensor):
                count += 1
            elif levels:
                count += self._tensors_in(each, levels - 1) > 0
        self._counts[id(value), levels] = count
        return count


def _entries(value: object) -> Iterator[tuple[str, object]]:
    """Yield what a container holds by name; a module's fields have no name of their own."""
    if isinstance(value, dict):
        yield from ((str(key), each) for key, each in value.items() if isinstance(key, str | int))
    elif isinstance(value, list):
        yield from ((str(index), each) for index, each in enumerate(value))
    elif isinstance(value, Instance):
        yield from _entries(value.items)
        yield from _entries(_fields(value))


def _fields(value: Instance) -> dict[object, object]:
    """Return the tensors and parts of a module, without its settings."""
    state = value.state
    if not isinstance(state, dict):
        return {}
    found: dict[object, object] = {}
    for field in _MODULE_FIELDS:
        inside = state.get(field)
        if isinstance(inside, dict):
            found.update(inside)
    return found
