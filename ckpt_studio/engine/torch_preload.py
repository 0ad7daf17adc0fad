"""Maps torch's libraries before ``import torch`` does, so that other threads go on meanwhile.

An import holds the interpreter while a library is loaded and relocated: 200 to 400 ms for torch, in
which a window does not answer. A foreign call lets the interpreter go.
"""

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path

_LIBRARY = {"linux": "libtorch_python.so", "darwin": "libtorch_python.dylib"}


def preload_torch() -> bool:
    """Load the library; False where that is not possible, and the import does all of it."""
    name, spec = _LIBRARY.get(sys.platform), find_spec("torch")
    if name is None or spec is None or spec.origin is None:
        return False
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
    path = Path(spec.origin).parent / "lib" / name
    return dlopen(os.fsencode(path), os.RTLD_NOW | os.RTLD_LOCAL) is not None
