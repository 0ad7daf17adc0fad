"""Open PyTorch files (.ckpt .pt .pth .bin): their pickle is read, but nothing in it is run."""

import os
import zlib
from dataclasses import replace
from pathlib import Path

from ckpt_studio.core.checkpoint import Checkpoint, SourceFile
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.problems import Problem, note, warning
from ckpt_studio.formats.files import open_source, read_exactly, signature
from ckpt_studio.formats.shown import shown, shown_name
from ckpt_studio.formats.sniff import guess
from ckpt_studio.formats.symbolic import PickleError
from ckpt_studio.formats.symbolic_bytes import Cursor
from ckpt_studio.formats.symbolic_machine import Machine
from ckpt_studio.formats.torch_legacy import MAGIC_AS_TEXT, MOST_PICKLE, read_legacy
from ckpt_studio.formats.torch_oddities import odd_things
from ckpt_studio.formats.torch_pickle_calls import TorchMeaning
from ckpt_studio.formats.torch_state import State
from ckpt_studio.formats.torch_tensors import Block, Table
from ckpt_studio.formats.torch_zip import Record, read_records, unpack

_HEAD = 512
_SMALL = 64
_NEWEST_VERSION = 10


def read_torch(path: Path) -> Checkpoint:
    """Read what a PyTorch file says about its tensors.

    Raises:
        FormatError: it is something else, is damaged, or would run code when it is loaded.
    """
    source = open_source(path)
    try:
        return read_torch_open(path, source)
    except OSError as problem:
        raise FormatError(
            f"{shown_name(path)} cannot be read: {problem.strerror}", "Check the disk."
        ) from problem
    finally:
        os.close(source)


def read_torch_open(path: Path, source: int) -> Checkpoint:
    """Read an open PyTorch file; ``path`` is only its name.

    Raises:
        FormatError: as ``read_torch``.
        OSError: the system could not read it.
    """
    try:
        return _read_open(path, source)
    except PickleError as problem:
        raise FormatError(f"{shown_name(path)} {problem.reason}", problem.hint) from problem


def looks_like_torch(head: bytes) -> bool:
    """Whether the first bytes of a file are those of a zip archive or of a pickle."""
    protocol = len(head) > 1 and head[0] == 0x80 and head[1] <= 5  # noqa: PLR2004 - pickle 0 to 5
    return protocol or head.startswith((b"PK\x03\x04", MAGIC_AS_TEXT)) or _is_pickle(head)


def _is_pickle(head: bytes) -> bool:
    known = guess(head, len(head))
    return known is not None and "pickle" in known.what


def _read_open(path: Path, source: int) -> Checkpoint:
    identity = signature(os.fstat(source))
    head = read_exactly(source, _HEAD, 0)
    if not looks_like_torch(head):
        known = guess(head, identity.size)
        what = known.what if known else "not a PyTorch checkpoint"
        raise PickleError(f"is {what}", known.hint if known else "Choose a model file.")
    meaning = TorchMeaning()
    problems: list[Problem] = []
    if head.startswith(b"PK"):
        container = "torch-zip"
        value, blocks = _read_zip(source, identity.size, meaning, problems)
    else:
        container = "torch-legacy"
        value, blocks = read_legacy(source, identity.size, meaning)
    state = State(value)
    problems += [*state.problems, *odd_things(meaning)]
    table = _table(state, blocks)
    found = _checkpoint(SourceFile(path, identity), container, table, problems)
    return replace(found, metadata=state.metadata)


def _table(state: State, blocks: dict[str, Block]) -> Table:
    table = Table(blocks)
    for name, tensor in state.tensors.items():
        table.add(name, tensor)
    return table


def _checkpoint(
    file: SourceFile, container: str, table: Table, problems: list[Problem]
) -> Checkpoint:
    if table.made:
        problems.append(
            note(
                "Some tensors lie compressed or in another order in the file",
                "They are read more slowly, one by one.",
            )
        )
    tensors = sorted(table.tensors, key=lambda tensor: (tensor.shard, tensor.offset))
    made = tuple(SourceFile(file.path, file.signature, each) for each in table.made)
    return Checkpoint(
        path=file.path,
        container=container,
        files=(file, *made),
        header_bytes=file.signature.size - table.data_bytes,
        tensors={tensor.name: tensor for tensor in tensors},
        metadata={},
        problems=tuple(problems),
    )


def _read_zip(
    file: int, size: int, meaning: TorchMeaning, problems: list[Problem]
) -> tuple[object, dict[str, Block]]:
    records = read_records(file, size)
    pickle = _pickle_of(records)
    root = pickle.name.removesuffix("data.pkl")
    _check_kind(records, root)
    data = unpack(file, pickle, MOST_PICKLE)
    if zlib.crc32(data) != pickle.crc:
        problems.append(
            warning(
                f"The checksum (CRC) of {shown(pickle.name)} is wrong",
                "The file may be damaged. Compare its hash with the one on its page.",
            )
        )
    _check_order(file, records.get(f"{root}byteorder"))
    problems.extend(_version(file, records.get(f"{root}version")))
    cursor = Cursor(data)
    value = Machine(cursor, meaning).run()
    if cursor.at != len(data):
        raise PickleError("is damaged: bytes follow the end of its pickle")
    return value, _blocks(records, f"{root}data/")


def _pickle_of(records: dict[str, Record]) -> Record:
    found = [
        record
        for name, record in records.items()
        if name == "data.pkl" or (name.endswith("/data.pkl") and name.count("/") == 1)
    ]
    if not found:
        raise PickleError(
            "is a zip archive, not a PyTorch checkpoint: it has no data.pkl",
            "Unpack it and open the model file inside.",
        )
    if len(found) > 1:
        raise PickleError("is damaged or forged: it holds data.pkl twice (duplicate)")
    return found[0]


def _check_kind(records: dict[str, Record], root: str) -> None:
    for name in records:
        if name == f"{root}constants.pkl" or name.startswith(f"{root}code/"):
            raise PickleError(
                "is a TorchScript archive, a program with weights: unsupported",
                "Nothing in it was run. Use the checkpoint of the model instead.",
            )


def _check_order(file: int, record: Record | None) -> None:
    if record is not None and unpack(file, record, _SMALL).strip() != b"little":
        raise PickleError(
            "has the byte order big-endian (byteorder), which is unsupported",
            "Load it where it was made and save it as safetensors.",
        )


def _version(file: int, record: Record | None) -> list[Problem]:
    text = unpack(file, record, _SMALL).strip() if record else b""
    if text.isdigit() and int(text) <= _NEWEST_VERSION:
        return []
    what = f"the unknown version {shown(text.decode('latin-1'))}" if text else "no version"
    return [warning(f"The file has {what} of the format", "It is read as the newest known.")]


def _blocks(records: dict[str, Record], folder: str) -> dict[str, Block]:
    return {
        name.removeprefix(folder): Block(record.offset, record.stored, record.size, record.packed)
        for name, record in records.items()
        if name.startswith(folder) and "/" not in name.removeprefix(folder)
    }
