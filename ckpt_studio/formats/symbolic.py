"""What an unpickled value stands for: names, objects, storages and tensors, none of them alive."""

from dataclasses import dataclass, field

from typing_extensions import override

from ckpt_studio.core.tensors import DType

_REPAIR = "Download the file again, or save it again with the program that made it."


class PickleError(Exception):
    """Why a pickle is refused: the part of a sentence after the file's name, and what to do."""

    def __init__(self, reason: str, hint: str = _REPAIR) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def damaged(what: str) -> PickleError:
    """Return the error for a pickle that breaks its own rules."""
    return PickleError(f"is damaged: {what}")


def unsafe(what: str) -> PickleError:
    """Return the error for a pickle that would run code in a program that loads it."""
    return PickleError(
        f"is unsafe: {what}, which is not allowed",
        "Nothing in it was run. Do not open it with other programs; get the model as "
        "safetensors from a source that you trust.",
    )


@dataclass(frozen=True, slots=True)
class Global:
    """The name of a class or function; it is never looked up."""

    module: str
    name: str

    @override
    def __str__(self) -> str:
        """Return the full name."""
        return f"{self.module}.{self.name}"


@dataclass(eq=False, slots=True)
class Instance:
    """An object of some class: what would be set on it is kept, nothing is done with it."""

    kind: Global
    args: object = ()
    state: object = None
    items: dict[object, object] = field(default_factory=dict)
    members: list[object] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Storage:
    """A block of tensor data. ``dtype`` is None for plain bytes.

    ``length`` counts elements, or bytes of plain bytes. ``start`` is where a view of an older
    file begins in the block, in elements.
    """

    key: str
    dtype: DType | None
    length: int
    start: int = 0


@dataclass(eq=False, slots=True)
class Tensor:
    """A tensor as its pickle describes it; numbers are checked only when it is wanted.

    ``offset`` and ``stride`` count elements, as ``torch`` does.
    """

    storage: Storage
    dtype: DType
    offset: object
    shape: object
    stride: object
    packed: bool = False  # two values in a byte: torch counts bytes, this program values


@dataclass(eq=False, slots=True)
class OtherTensor:
    """A tensor of a kind that has no plain bytes, such as "a sparse tensor"."""

    what: str


class Marker:
    """A key of a dictionary that is no plain value; equal to nothing but itself."""

    __slots__ = ()


PLAIN_KEYS = (str, int, float, bytes, type(None))


def as_key(value: object) -> object:
    """Return what stands for a key: others than plain values are never compared.

    The hash of nested tuples can take for ever, which is one way to make a reader hang.
    """
    return value if isinstance(value, PLAIN_KEYS) else Marker()
