"""Write the pickle of a PyTorch file opcode by opcode: names, numbers and calls, nothing alive.

It says what ``torch.save({"state_dict": tensors, "__metadata__": metadata})`` would say, in the
words that every loader which restricts pickles allows (``comfyui.md`` 5).
"""

from collections.abc import Iterable, Mapping, Sequence
from math import prod

from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.tensors import DType
from ckpt_studio.formats.encoding import Described
from ckpt_studio.formats.shown import shown
from ckpt_studio.formats.symbolic_machine import MAX_OPCODES
from ckpt_studio.formats.torch_legacy import MOST_PICKLE
from ckpt_studio.formats.torch_pickle_names import DTYPE_NAMES, STORAGE_DTYPES
from ckpt_studio.formats.torch_state import LONGEST_NAME, METADATA_KEY

_STORAGES = {dtype: name for name, dtype in STORAGE_DTYPES.items()}
_NAMES = {dtype: name for name, dtype in reversed(DTYPE_NAMES.items())}
_HALVES = 2  # values of F4 in a byte; torch counts bytes
_SHORT_TUPLE = 3
_AS_SAFETENSORS = "Give the output the ending .safetensors."


def encode_state(rows: Iterable[Described], metadata: Mapping[str, str]) -> bytes:
    """Return ``data.pkl``; the bytes of row ``n`` are the storage ``n``.

    Types that older programs know are rebuilt as those programs do; torch 2.1 or newer is needed
    for the others, such as fp8.

    Raises:
        PlanError: torch has no such type, a name is used twice or is no text, or our own reader
            would find the pickle too large.
    """
    pickle = _Pickle()
    pickle.add(b"\x80\x02", b"}", b"(")
    pickle.text("state_dict")
    pickle.add(b"}", b"(")
    seen: set[str] = set()
    for index, row in enumerate(rows):
        _check_name(row.name, seen)
        pickle.text(row.name)
        _tensor(pickle, str(index), row)
    pickle.add(b"u")
    if metadata:
        pickle.text(METADATA_KEY)
        pickle.add(b"}", b"(")
        for key, value in metadata.items():
            pickle.text(key)
            pickle.text(value)
        pickle.add(b"u")
    pickle.add(b"u", b".")
    return pickle.done()


def is_new_type(dtype: DType) -> bool:
    """Whether programs from before fp8 came to torch cannot read such a tensor."""
    return dtype not in _STORAGES


def _check_name(name: str, seen: set[str]) -> None:
    if name in seen:
        raise PlanError(f'The name "{shown(name)}" is taken already')
    if len(name) > LONGEST_NAME:
        raise PlanError(
            f'The name "{shown(name)}" has more than {LONGEST_NAME:,} letters', "Rename the tensor."
        )
    seen.add(name)


def _tensor(pickle: "_Pickle", key: str, row: Described) -> None:
    """Write the call that rebuilds one tensor from its storage."""
    plain = _STORAGES.get(row.dtype)
    if plain is None and row.dtype not in _NAMES:
        raise PlanError(
            f"“{shown(row.name)}” is {row.dtype.label}, which PyTorch files cannot hold.",
            _AS_SAFETENSORS,
        )
    shape = _shape(row)
    pickle.known("torch._utils", "_rebuild_tensor_v2" if plain else "_rebuild_tensor_v3")
    pickle.add(b"(", b"(")
    pickle.again("storage")
    if plain:
        pickle.known("torch", plain)
    else:
        pickle.known("torch.storage", "UntypedStorage")
    pickle.text(key)
    pickle.again("cpu")
    pickle.number(prod(row.shape) if plain else row.nbytes)
    pickle.add(b"t", b"Q", b"K\0")
    pickle.numbers(shape)
    pickle.numbers(_strides(shape))
    pickle.add(b"\x89")  # no gradient; the empty dict after it holds no hooks
    pickle.known("collections", "OrderedDict")
    pickle.add(b")", b"R")
    if not plain:
        pickle.known("torch", _NAMES[row.dtype])
    pickle.add(b"t", b"R")


def _shape(row: Described) -> tuple[int, ...]:
    if row.dtype is not DType.F4:
        return row.shape
    if not row.shape or row.shape[-1] % _HALVES:
        raise PlanError(
            f"“{shown(row.name)}” holds F4 values whose rows are no whole bytes, which PyTorch "
            "files cannot hold.",
            _AS_SAFETENSORS,
        )
    return (*row.shape[:-1], row.shape[-1] // _HALVES)


def _strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides of C order as torch gives them: an empty dimension counts as one."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


class _Pickle:
    """The opcodes written so far, and what they can refer to again."""

    def __init__(self) -> None:
        self._opcodes: list[bytes] = []
        self._memo: dict[object, bytes] = {}

    def add(self, *opcodes: bytes) -> None:
        """Add opcodes, each with its argument."""
        self._opcodes.extend(opcodes)

    def text(self, value: str) -> None:
        """Add a text."""
        try:
            raw = value.encode("utf-8")
        except UnicodeEncodeError:
            raise PlanError(
                f"The file would hold a name or metadata that is no Unicode text: {shown(value)}",
                "Change that name or metadata value.",
            ) from None
        self._opcodes.append(b"X" + len(raw).to_bytes(4, "little") + raw)

    def again(self, value: str) -> None:
        """Add a text that comes often: written once, then referred to."""
        if not self._remembered(value):
            self.text(value)
            self._remember(value)

    def known(self, module: str, name: str) -> None:
        """Add the name of a function or class, in the same way."""
        if not self._remembered((module, name)):
            self.add(f"c{module}\n{name}\n".encode())
            self._remember((module, name))

    def _remembered(self, value: object) -> bool:
        place = self._memo.get(value)
        if place is not None:
            self.add(b"h" + place)
        return place is not None

    def _remember(self, value: object) -> None:
        place = bytes([len(self._memo)])
        self._memo[value] = place
        self.add(b"q" + place)

    def numbers(self, values: Sequence[int]) -> None:
        """Add a tuple of whole numbers."""
        if not values:
            self.add(b")")
            return
        if len(values) > _SHORT_TUPLE:
            self.add(b"(")
        for value in values:
            self.number(value)
        self.add(b"t" if len(values) > _SHORT_TUPLE else bytes([0x84 + len(values)]))

    def number(self, value: int) -> None:
        """Add a whole number that is not negative, in the shortest way."""
        if value < 1 << 8:
            self.add(b"K" + value.to_bytes(1, "little"))
        elif value < 1 << 16:
            self.add(b"M" + value.to_bytes(2, "little"))
        elif value < 1 << 31:
            self.add(b"J" + value.to_bytes(4, "little"))
        else:
            size = value.bit_length() // 8 + 1
            self.add(b"\x8a" + bytes([size]) + value.to_bytes(size, "little"))

    def done(self) -> bytes:
        """Return all of it, if our own reader would take it."""
        raw = b"".join(self._opcodes)
        if len(self._opcodes) > MAX_OPCODES or len(raw) > MOST_PICKLE:
            raise PlanError(
                f"The names and the metadata need {len(raw):,} bytes, too many for a PyTorch file "
                f"(at most {MOST_PICKLE:,} bytes and about 60,000 tensors).",
                _AS_SAFETENSORS,
            )
        return raw
