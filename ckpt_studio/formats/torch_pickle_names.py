"""Which names in a pickle are known, which are harmless, and which would run code."""

import re
import sys

from ckpt_studio.core.tensors import DType
from ckpt_studio.formats.symbolic import Global, unsafe

_OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg", "__torch__": "torch"}

DTYPE_NAMES: dict[str, DType] = {
    "float64": DType.F64,
    "double": DType.F64,
    "float32": DType.F32,
    "float": DType.F32,
    "float16": DType.F16,
    "half": DType.F16,
    "bfloat16": DType.BF16,
    "complex64": DType.C64,
    "int64": DType.I64,
    "long": DType.I64,
    "int32": DType.I32,
    "int": DType.I32,
    "int16": DType.I16,
    "short": DType.I16,
    "int8": DType.I8,
    "uint8": DType.U8,
    "uint16": DType.U16,
    "uint32": DType.U32,
    "uint64": DType.U64,
    "bool": DType.BOOL,
    "float8_e4m3fn": DType.F8_E4M3,
    "float8_e5m2": DType.F8_E5M2,
    "float8_e4m3fnuz": DType.F8_E4M3FNUZ,
    "float8_e5m2fnuz": DType.F8_E5M2FNUZ,
    "float8_e8m0fnu": DType.F8_E8M0,
    "float4_e2m1fn_x2": DType.F4,
}
"""Element types by their name in ``torch``."""

STORAGE_DTYPES: dict[str, DType] = {
    "DoubleStorage": DType.F64,
    "FloatStorage": DType.F32,
    "HalfStorage": DType.F16,
    "BFloat16Storage": DType.BF16,
    "LongStorage": DType.I64,
    "IntStorage": DType.I32,
    "ShortStorage": DType.I16,
    "CharStorage": DType.I8,
    "ByteStorage": DType.U8,
    "BoolStorage": DType.BOOL,
    "ComplexFloatStorage": DType.C64,
}
"""Element types by the typed storages of ``torch``."""

_MODULES = {
    "argparse": {"Namespace"},
    "builtins": {
        *("dict", "list", "tuple", "set", "frozenset", "int", "float", "complex", "bool"),
        *("str", "bytes", "bytearray", "object", "slice", "range", "type", "NoneType", "Ellipsis"),
    },
    "collections": {"OrderedDict", "defaultdict", "Counter", "deque"},
    "_codecs": {"encode"},
    "codecs": {"encode"},
    "copyreg": {"_reconstructor", "__newobj__"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "fractions": {"Fraction"},
    "functools": {"partial"},
    "pathlib": {"Path", "PosixPath", "WindowsPath", "PurePath", "PurePosixPath", "PureWindowsPath"},
    "pathlib._local": {"Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"},
    "types": {"SimpleNamespace"},
    "uuid": {"UUID", "SafeUUID"},
}
"""The names of the standard library that programs really put beside a model."""

_NUMPY_CALLS = {
    *("numpy.dtype", "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"),
    *("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.ndarray"),
    *("numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"),
    *("numpy.random._pickle.__randomstate_ctor", "numpy.random._pickle.__generator_ctor"),
    "numpy.random._pickle.__bit_generator_ctor",
}
_SEEDS = {"__pyx_unpickle_SeedSequence", "__pyx_unpickle_SeedlessSequence"}
_TORCH_CALLS = {
    *("torch.device", "torch.Size", "torch.serialization._get_layout", "torch.Generator"),
}
_TRAINING_PROGRAMS = {
    *("pytorch_lightning", "lightning", "lightning_fabric", "lightning_utilities", "torchmetrics"),
    *("omegaconf", "transformers", "diffusers", "ldm", "sgm", "easydict", "addict", "yacs", "timm"),
}
_LONGEST_NAME = 500
_CLASS = re.compile(r"_*[A-Z]\w*(\._*[A-Z]\w*)*\Z")
_NAME = re.compile(r"\w+(\.\w+)*\Z")


def named(module: str, name: str) -> Global:
    """Return a name that a pickle mentions.

    Loading the pickle elsewhere imports that module, so a mention alone can be enough to refuse.

    Raises:
        PickleError: no model file has a reason to name that.
    """
    if len(module) + len(name) > _LONGEST_NAME:
        raise unsafe("it names something with a name of more than 500 characters")
    found = Global(_OLD_MODULES.get(module, module), name)
    if not _NAME.match(module) or not _NAME.match(name):
        raise unsafe(f"it names {found}, which is no name of a class")
    if "." in name and not _CLASS.match(name):
        raise unsafe(f"it reaches for {found}, something inside something else")
    if _root(found) in sys.stdlib_module_names and not _is_known(found):
        raise unsafe(f"loading it would use {found} and can run code")
    return found


def check_call(function: Global) -> None:
    """Refuse the call of a function that could run code.

    Raises:
        PickleError: the function is none of those that model files need.
    """
    root = _root(function)
    if root in sys.stdlib_module_names:
        return  # only known ones were let in
    name = str(function)
    if name in _NUMPY_CALLS | _TORCH_CALLS:
        return
    if root == "numpy":
        allowed = (
            function.module == "numpy.dtypes"
            or function.name in _NUMPY_SCALARS
            or (function.module.startswith("numpy.random.") and name.rpartition(".")[2] in _SEEDS)
        )
    else:
        allowed = root in _TRAINING_PROGRAMS and is_class(function)
    if not allowed:
        raise unsafe(f"loading it would run code: it calls {name}")


def check_create(kind: Global) -> None:
    """Refuse to make an object of something that is no class.

    Raises:
        PickleError: it looks like a function.
    """
    if not is_class(kind) and not _is_known(kind):
        raise unsafe(f"loading it would run code: it makes an object of {kind}")


def is_foreign(kind: Global) -> bool:
    """Whether a name belongs to a program that is not part of PyTorch, NumPy or Python."""
    return _root(kind) not in {"torch", "numpy"} and _root(kind) not in sys.stdlib_module_names


def is_class(kind: Global) -> bool:
    """Whether a name is written as a class."""
    return bool(_CLASS.match(kind.name))


_NUMPY_SCALARS = {
    *("bool_", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8"),
    *("uint16", "uint32", "uint64", "str_", "bytes_"),
}


def _is_known(kind: Global) -> bool:
    if kind.module == "typing":
        return is_class(kind)
    return kind.name in _MODULES.get(kind.module, ())


def _root(kind: Global) -> str:
    return kind.module.partition(".")[0]
