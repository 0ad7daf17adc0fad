"""The layout of PyTorch files before version 1.6: four pickles, then the storages."""

from ckpt_studio.formats.files import read_exactly
from ckpt_studio.formats.symbolic import PickleError, damaged
from ckpt_studio.formats.symbolic_bytes import Cursor
from ckpt_studio.formats.symbolic_machine import Machine
from ckpt_studio.formats.torch_pickle_calls import TorchMeaning
from ckpt_studio.formats.torch_tensors import Block

MOST_PICKLE = 32 << 20
_MAGIC = 0x1950A86A20F9469CFC6C
MAGIC_AS_TEXT = b"L%d" % _MAGIC
"""How such a file begins in the protocols 0 and 1."""

_PROTOCOL = 1001
_MOST_KEYS = 250_000


def read_legacy(file: int, size: int, meaning: TorchMeaning) -> tuple[object, dict[str, Block]]:
    """Return the value of the pickle and where the storages lie.

    Raises:
        PickleError: it is another pickle, is damaged, or would run code.
        OSError: the system cannot read it.
    """
    cursor = Cursor(read_exactly(file, min(size, MOST_PICKLE), 0))
    magic = Machine(cursor, meaning).run()
    if type(magic) is not int or magic != _MAGIC:
        raise PickleError(
            "is a plain pickle, not a PyTorch checkpoint: unsupported",
            "Nothing in it was run. Save it with torch.save, or as safetensors.",
        )
    if Machine(cursor, meaning).run() != _PROTOCOL:
        raise damaged("it is a PyTorch file of an unknown version")
    system = Machine(cursor, meaning).run()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise PickleError(
            "was written on a big-endian computer, which is unsupported",
            "Load it there and save it as safetensors.",
        )
    value = Machine(cursor, meaning).run()
    keys = Machine(cursor, meaning).run()
    return value, _blocks(file, size, cursor.at, keys, meaning)


def _blocks(file: int, size: int, at: int, keys: object, meaning: TorchMeaning) -> dict[str, Block]:
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
        raise damaged("its list of storages is missing")
    found: dict[str, Block] = {}
    for key in keys:
        storage = meaning.storages.get(key) if isinstance(key, str) else None
        if storage is None or key in found:
            raise damaged("its list of storages names one that it does not describe")
        head = read_exactly(file, 8, at)
        count = int.from_bytes(head, "little")
        length = count * (storage.dtype.bits // 8 if storage.dtype else 1)
        at += 8
        if len(head) < 8 or at + length > size:  # noqa: PLR2004 - bytes of the count
            raise PickleError(
                f"is incomplete (truncated): the storage {key[:40]} should end at byte "
                f"{at + length:,} of {size:,}",
                "The download or copy probably stopped. Download it again.",
            )
        found[key] = Block(at, length, length)
        at += length
    if at != size:
        raise damaged(f"{size - at:,} extra bytes follow its last storage")
    return found
