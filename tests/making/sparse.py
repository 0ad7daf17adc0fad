"""Files of real shape without their bytes."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ckpt_studio.core.tensors import DTYPES, TensorInfo
from ckpt_studio.formats.encoding import encode_header


def sparse_file(path: Path, table: Mapping[str, tuple[str, Sequence[int]]]) -> Path:
    """Write a header and as much nothing as it asks for; ``table`` is name -> (label, shape)."""
    rows = []
    for name, (label, shape) in table.items():
        dtype = DTYPES[label]
        rows.append(TensorInfo(name, dtype, tuple(shape), 0, dtype.nbytes(tuple(shape))))
    header = encode_header(rows, {}, align=8)
    path.write_bytes(header)
    os.truncate(path, len(header) + sum(row.nbytes for row in rows))
    return path
