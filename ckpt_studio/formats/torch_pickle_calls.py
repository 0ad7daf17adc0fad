"""What the calls in a PyTorch pickle stand for: tensors, storages, dictionaries, or nothing."""

from collections.abc import Callable

from ckpt_studio.core.tensors import DType
from ckpt_studio.formats.symbolic import (
    Global,
    Instance,
    OtherTensor,
    PickleError,
    Storage,
    Tensor,
    as_key,
    damaged,
    unsafe,
)
from ckpt_studio.formats.symbolic_machine import MAX_OPCODES
from ckpt_studio.formats.torch_pickle_names import (
    DTYPE_NAMES,
    STORAGE_DTYPES,
    check_call,
    check_create,
    is_foreign,
    named,
)

_FEWEST_STORAGE, _MOST_STORAGE = 5, 6
_VIEW = 3
_MOST_DIGITS = 1 << 64


class TorchMeaning:
    """Gives a meaning to names and calls, and remembers what is odd.

    ``foreign`` are classes of other programs; ``attributes`` were set on tensors and dictionaries;
    ``loose`` tells that a key had no value.
    """

    def __init__(self) -> None:
        self.foreign: dict[str, None] = {}
        self.attributes: dict[str, None] = {}
        self.storages: dict[str, Storage] = {}
        self.loose = False
        self._looked_at = 0

    def mention(self, module: str, name: str) -> Global:
        """Return a name; refuse those that can only be there to run code."""
        found = named(module, name)
        if is_foreign(found):
            self.foreign[str(found)] = None
        return found

    def call(self, function: object, args: object) -> object:
        """Return what a call stands for; refuse calls that run code."""
        if not isinstance(function, Global):
            raise unsafe("loading it would run code: it calls something that it made itself")
        if not isinstance(args, tuple):
            raise damaged(f"its pickle calls {function} without a list of arguments")
        known = _CALLS.get(str(function))
        if known is not None:
            return known(self, args)
        other = _OTHER_TENSORS.get(str(function))
        if other is not None:
            return OtherTensor(other)
        check_call(function)
        return Instance(function, args)

    def create(self, kind: object, args: object) -> object:
        """Return an object of a class; a dictionary where the class is one."""
        if not isinstance(kind, Global):
            raise unsafe("loading it would run code: it makes an object of no named class")
        if str(kind) in _DICTIONARIES:
            return {}
        check_create(kind)
        return Instance(kind, args)

    def build(self, value: object, state: object) -> None:
        """Keep the state of an object; on others it could only hide something."""
        if isinstance(value, Instance):
            value.state = state
            return
        if not isinstance(value, dict | Tensor | OtherTensor):
            raise damaged("its pickle sets the state of something that has none (BUILD)")
        if isinstance(state, dict):
            self.look_at(len(state))
            self.attributes.update((key, None) for key in state if isinstance(key, str))

    def unpaired(self) -> None:
        """Take note of a key without a value."""
        self.loose = True

    def look_at(self, count: int) -> None:
        """Count items that are walked: a pickle can name one long list again and again."""
        self._looked_at += count
        if self._looked_at > MAX_OPCODES:
            raise damaged("its pickle repeats one list too often")

    def persistent(self, key: object) -> object:
        """Return the storage that a key stands for."""
        if not isinstance(key, tuple) or not _FEWEST_STORAGE <= len(key) <= _MOST_STORAGE:
            raise damaged("its pickle has a persistent id that is no storage")
        word, kind, name, _place, length, *view = key
        if word != "storage" or not isinstance(name, str) or not isinstance(kind, Global):
            raise damaged("its pickle has a persistent id that is no storage")
        if type(length) is not int or not 0 <= length < _MOST_DIGITS:
            raise damaged("its pickle has a storage whose size is no whole number")
        dtype = _storage_dtype(kind)
        if isinstance(dtype, OtherTensor):
            return dtype
        found = Storage(name, dtype, length, 0)
        known = self.storages.setdefault(name, found)
        if known != found:
            raise damaged("its pickle describes one storage in two ways")
        return found if not view or view[0] is None else _view(found, view[0])


def _view(storage: Storage, view: object) -> Storage:
    """Return the part of a storage that very old files call a view."""
    start = view[1] if isinstance(view, tuple) and len(view) == _VIEW else None
    if type(start) is not int or not 0 <= start <= storage.length:
        raise damaged("its pickle has a view that lies outside its storage")
    return Storage(storage.key, storage.dtype, storage.length, start)


def _storage_dtype(kind: Global) -> DType | OtherTensor | None:
    if kind == Global("torch.storage", "UntypedStorage") or kind.name == "UntypedStorage":
        return None
    if kind.module in {"torch", "torch.cuda"} and kind.name in STORAGE_DTYPES:
        return STORAGE_DTYPES[kind.name]
    if kind.module == "torch" and kind.name.startswith("QInt"):
        return OtherTensor("a quantized tensor")
    if kind.module == "torch" and kind.name.endswith("Storage"):
        return OtherTensor(f"a tensor of the unsupported type {kind.name}")
    raise damaged(f"its pickle takes {kind} for a storage")


def _ordered_dict(meaning: TorchMeaning, args: tuple[object, ...]) -> object:
    made: dict[object, object] = {}
    pairs = args[0] if args else ()
    if isinstance(pairs, dict):
        return pairs
    if isinstance(pairs, list | tuple):
        meaning.look_at(len(pairs))
        for pair in pairs:
            if not isinstance(pair, list | tuple) or len(pair) != 2:  # noqa: PLR2004 - key and value
                raise damaged("its pickle makes a dict of something that is no pairs")
            key, value = pair
            made[as_key(key)] = value
    return made


def _tensor(
    _meaning: TorchMeaning, args: tuple[object, ...], dtype: object = None
) -> Tensor | OtherTensor:
    if len(args) < 3:  # noqa: PLR2004 - storage, offset, shape
        raise damaged("its pickle rebuilds a tensor from too few values")
    storage, offset, shape, *rest = args
    if isinstance(storage, OtherTensor):
        return storage
    if not isinstance(storage, Storage):
        raise damaged("its pickle rebuilds a tensor from something that is no storage")
    kind = storage.dtype if dtype is None else _dtype(dtype)
    if isinstance(kind, OtherTensor):
        return kind
    if kind is None:
        raise damaged("its pickle rebuilds a tensor without a type")
    stride = rest[0] if rest else None
    return Tensor(storage, kind, offset, shape, stride, packed=kind is DType.F4)


def _tensor_v3(meaning: TorchMeaning, args: tuple[object, ...]) -> object:
    if len(args) < 7:  # noqa: PLR2004 - the seventh is the type
        raise damaged("its pickle rebuilds a tensor from too few values")
    return _tensor(meaning, args, args[6])


def _dtype(value: object) -> DType | OtherTensor:
    if not isinstance(value, Global) or value.module != "torch":
        raise damaged("its pickle rebuilds a tensor whose type is none")
    found = DTYPE_NAMES.get(value.name)
    return found or OtherTensor(f"a tensor of the unsupported type {value}")


def _same(_meaning: TorchMeaning, args: tuple[object, ...]) -> object:
    """Return the tensor that a parameter wraps."""
    if not args or not isinstance(args[0], Tensor | OtherTensor):
        raise damaged("its pickle makes a parameter of something that is no tensor")
    return args[0]


def _from_type(meaning: TorchMeaning, args: tuple[object, ...]) -> object:
    """Return the tensor inside a subclass: function, class, arguments and state."""
    if len(args) < 3:  # noqa: PLR2004
        raise damaged("its pickle rebuilds a tensor from too few values")
    function = args[0]
    if isinstance(function, Global) and _CALLS.get(str(function)) is _from_type:
        raise damaged("its pickle rebuilds a tensor inside itself")
    return meaning.call(function, args[2])


def _bytes(_meaning: TorchMeaning, args: tuple[object, ...]) -> object:
    """Return bytes that are written out; a number would only ask for memory."""
    if not args or isinstance(args[0], bytes | str | list):
        return args[0] if args and isinstance(args[0], bytes) else b""
    raise PickleError(
        "is not allowed to ask for memory: its pickle makes bytes of a given size",
        "No model needs that. Get the model as safetensors from a source that you trust.",
    )


def _reconstructed(meaning: TorchMeaning, args: tuple[object, ...]) -> object:
    return meaning.create(args[0] if args else None, args[1:])


_Call = Callable[[TorchMeaning, tuple[object, ...]], object]

_DICTIONARIES = {"collections.OrderedDict", "builtins.dict"}
_CALLS: dict[str, _Call] = {
    "collections.OrderedDict": _ordered_dict,
    "builtins.dict": _ordered_dict,
    "builtins.bytearray": _bytes,
    "builtins.bytes": _bytes,
    "copyreg._reconstructor": _reconstructed,
    "copyreg.__newobj__": _reconstructed,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_v3,
    "torch._utils._rebuild_parameter": _same,
    "torch._utils._rebuild_parameter_with_state": _same,
    "torch.nn.parameter.Parameter": _same,
    "torch.nn.parameter.Buffer": _same,
    "torch._tensor._rebuild_from_type": _from_type,
    "torch._tensor._rebuild_from_type_v2": _from_type,
    "torch.tensor._rebuild_from_type": _from_type,
    "torch.tensor._rebuild_from_type_v2": _from_type,
}
_OTHER_TENSORS = {
    "torch._utils._rebuild_qtensor": "a quantized tensor",
    "torch._utils._rebuild_sparse_tensor": "a sparse tensor (indices and values)",
    "torch._utils._rebuild_sparse_csr_tensor": "a sparse tensor (indices and values)",
    "torch._utils._rebuild_nested_tensor": "a nested tensor",
    "torch._utils._rebuild_meta_tensor_no_storage": "a meta tensor, which has no data",
    "torch._utils._rebuild_wrapper_subclass": "a wrapper, which has no data",
    "torch._utils._rebuild_device_tensor_from_numpy": "a tensor kept as a NumPy array",
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": "a tensor of another device",
}
