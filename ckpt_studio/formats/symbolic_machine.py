"""Runs the opcodes of a pickle, protocols 0 to 5, on values that are not alive.

Nothing is imported, looked up or called: what a name or a call means is asked of a ``Meaning``.
Everything costs memory in proportion to the opcodes, whose number is limited; nothing is ever
walked, compared or printed, so values that contain one another cost nothing.
"""

from collections.abc import Callable
from typing import Protocol

from ckpt_studio.formats.symbolic import Global, Instance, as_key, damaged
from ckpt_studio.formats.symbolic_bytes import Cursor

MAX_OPCODES = 2_000_000
_HIGHEST_PROTOCOL = 5
_STOP = ord(".")


class Meaning(Protocol):
    """What the names and calls in a pickle stand for."""

    def mention(self, module: str, name: str) -> Global:
        """Return a name, or refuse it."""

    def call(self, function: object, args: object) -> object:
        """Return what a call stands for, or refuse it."""

    def create(self, kind: object, args: object) -> object:
        """Return what an object made without a call of its class stands for."""

    def build(self, value: object, state: object) -> None:
        """Take note of the state that is set on an object."""

    def unpaired(self) -> None:
        """Take note of a dictionary that is set with a key that has no value."""

    def persistent(self, key: object) -> object:
        """Return what the key of something outside the pickle stands for."""


class Machine:
    """One pickle in work."""

    def __init__(self, cursor: Cursor, meaning: Meaning) -> None:
        self.cursor = cursor
        self.meaning = meaning
        self.stack: list[object] = []
        self.marks: list[list[object]] = []
        self.memo: dict[int, object] = {}

    def run(self) -> object:
        """Return the value of the pickle; the cursor stands behind it.

        Raises:
            PickleError: it is damaged, or would run code.
        """
        cursor, actions = self.cursor, ACTIONS
        for _ in range(MAX_OPCODES):
            if cursor.at >= len(cursor.data):
                raise damaged("its pickle ends without a stop (truncated)")
            opcode = cursor.data[cursor.at]
            cursor.at += 1
            if opcode == _STOP:
                return self.pop()
            action = actions.get(opcode)
            if action is None:
                raise damaged(f"its pickle has the unsupported opcode {opcode:#04x}")
            action(self)
        raise damaged(f"its pickle has more than {MAX_OPCODES:,} opcodes, too many for a model")

    def push(self, value: object) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop(self) -> object:
        """Take the value on top of the stack."""
        if not self.stack:
            raise damaged("its pickle takes a value from an empty stack")
        return self.stack.pop()

    def top(self) -> object:
        """Return the value on top of the stack."""
        if not self.stack:
            raise damaged("its pickle uses a value of an empty stack")
        return self.stack[-1]

    def pop_mark(self) -> list[object]:
        """Take all values above the last mark, and the mark."""
        if not self.marks:
            raise damaged("its pickle has no mark where it needs one")
        items, self.stack = self.stack, self.marks.pop()
        return items

    def mark(self) -> None:
        """Begin a group of values."""
        self.marks.append(self.stack)
        self.stack = []

    def discard(self) -> None:
        """Drop the top value, or the mark when nothing is above it."""
        if self.stack:
            self.stack.pop()
        else:
            self.pop_mark()

    def put(self, index: int) -> None:
        """Remember the top value under a number."""
        self.memo[index] = self.top()

    def get(self, index: int) -> None:
        """Push a remembered value."""
        if index not in self.memo:
            raise damaged("its pickle refers to a value that it does not hold")
        self.push(self.memo[index])

    def last(self, count: int) -> None:
        """Make a tuple of the last values."""
        items = [self.pop() for _ in range(count)]
        self.push(tuple(reversed(items)))

    def dictionary(self) -> None:
        """Make a dictionary of a group."""
        made: dict[object, object] = {}
        self._set(made, self.pop_mark())
        self.push(made)

    def append(self, items: list[object]) -> None:
        """Add items to a list, or to an object that may be one."""
        target = self.top()
        if isinstance(target, list):
            target.extend(items)
        elif isinstance(target, Instance):
            target.members.extend(items)
        else:
            raise damaged("its pickle appends to something that is no list")

    def set_items(self, items: list[object]) -> None:
        """Set pairs in a dictionary, or in an object that may be one."""
        target = self.top()
        if isinstance(target, dict):
            self._set(target, items)
        elif isinstance(target, Instance):
            self._set(target.items, items)
        else:
            raise damaged("its pickle sets items (SETITEMS) on something that is no dict")

    def _set(self, target: dict[object, object], items: list[object]) -> None:
        if len(items) % 2:
            self.meaning.unpaired()
        for key, value in zip(items[::2], items[1::2], strict=False):
            target[as_key(key)] = value

    def set_item(self) -> None:
        """Set one pair."""
        value, key = self.pop(), self.pop()
        self.set_items([key, value])

    def append_one(self) -> None:
        """Append one item."""
        item = self.pop()
        self.append([item])

    def mention(self) -> None:
        """Push a name from two lines."""
        module = self.cursor.name()
        self.push(self.meaning.mention(module, self.cursor.name()))

    def mention_of_stack(self) -> None:
        """Push a name from two texts on the stack."""
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise damaged("its pickle has a name that is no text")
        self.push(self.meaning.mention(module, name))

    def call(self) -> None:
        """Call a function with the arguments above it."""
        args, function = self.pop(), self.pop()
        self.push(self.meaning.call(function, args))

    def call_of_group(self) -> None:
        """Call the class that comes first in a group with the rest of it (OBJ)."""
        group = self.pop_mark()
        if not group:
            raise damaged("its pickle makes an object of no class")
        self.push(self.meaning.call(group[0], tuple(group[1:])))

    def call_by_name(self) -> None:
        """Call the class named in two lines with a group (INST)."""
        module = self.cursor.name()
        function = self.meaning.mention(module, self.cursor.name())
        self.push(self.meaning.call(function, tuple(self.pop_mark())))

    def create(self) -> None:
        """Make an object of a class."""
        args, kind = self.pop(), self.pop()
        self.push(self.meaning.create(kind, args))

    def create_with_names(self) -> None:
        """Make an object of a class, with named arguments."""
        self.pop()
        self.create()

    def build(self) -> None:
        """Set the state of an object."""
        state = self.pop()
        self.meaning.build(self.top(), state)

    def check_protocol(self) -> None:
        """Accept the protocols that exist."""
        protocol = self.cursor.unsigned(1)
        if protocol > _HIGHEST_PROTOCOL:
            raise damaged(f"its pickle has the unsupported protocol {protocol}")


def _unsupported(what: str) -> Callable[[Machine], None]:
    def refuse(_machine: Machine) -> None:
        raise damaged(f"its pickle uses {what}, which is unsupported")

    return refuse


Action = Callable[[Machine], object]

_VALUES: dict[bytes, Action] = {
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"I": lambda m: m.push(m.cursor.decimal_or_boolean()),
    b"L": lambda m: m.push(m.cursor.decimal()),
    b"J": lambda m: m.push(m.cursor.signed()),
    b"K": lambda m: m.push(m.cursor.unsigned(1)),
    b"M": lambda m: m.push(m.cursor.unsigned(2)),
    b"\x8a": lambda m: m.push(m.cursor.long(1)),
    b"\x8b": lambda m: m.push(m.cursor.long(4)),
    b"F": lambda m: m.push(m.cursor.decimal_float()),
    b"G": lambda m: m.push(m.cursor.double()),
    b"S": lambda m: m.push(m.cursor.quoted()),
    b"T": lambda m: m.push(m.cursor.old_text(4)),
    b"U": lambda m: m.push(m.cursor.old_text(1)),
    b"V": lambda m: m.push(m.cursor.escaped()),
    b"X": lambda m: m.push(m.cursor.text(4)),
    b"\x8c": lambda m: m.push(m.cursor.text(1)),
    b"\x8d": lambda m: m.push(m.cursor.text(8)),
    b"B": lambda m: m.push(m.cursor.raw(4)),
    b"C": lambda m: m.push(m.cursor.raw(1)),
    b"\x8e": lambda m: m.push(m.cursor.raw(8)),
    b"\x96": lambda m: m.push(m.cursor.raw(8)),
}
_CONTAINERS: dict[bytes, Action] = {
    b"]": lambda m: m.push([]),
    b"}": lambda m: m.push({}),
    b")": lambda m: m.push(()),
    b"\x8f": lambda m: m.push([]),
    b"l": lambda m: m.push(m.pop_mark()),
    b"t": lambda m: m.push(tuple(m.pop_mark())),
    b"\x91": lambda m: m.push(m.pop_mark()),
    b"\x85": lambda m: m.last(1),
    b"\x86": lambda m: m.last(2),
    b"\x87": lambda m: m.last(3),
    b"d": Machine.dictionary,
    b"a": Machine.append_one,
    b"e": lambda m: m.append(m.pop_mark()),
    b"\x90": lambda m: m.append(m.pop_mark()),
    b"s": Machine.set_item,
    b"u": lambda m: m.set_items(m.pop_mark()),
}
_STACK: dict[bytes, Action] = {
    b"(": Machine.mark,
    b"0": Machine.discard,
    b"1": lambda m: m.pop_mark(),
    b"2": lambda m: m.push(m.top()),
    b"p": lambda m: m.put(m.cursor.decimal()),
    b"q": lambda m: m.put(m.cursor.unsigned(1)),
    b"r": lambda m: m.put(m.cursor.unsigned(4)),
    b"\x94": lambda m: m.put(len(m.memo)),
    b"g": lambda m: m.get(m.cursor.decimal()),
    b"h": lambda m: m.get(m.cursor.unsigned(1)),
    b"j": lambda m: m.get(m.cursor.unsigned(4)),
    b"\x80": Machine.check_protocol,
    b"\x95": lambda m: m.cursor.unsigned(8),
}
_OBJECTS: dict[bytes, Action] = {
    b"c": Machine.mention,
    b"\x93": Machine.mention_of_stack,
    b"R": Machine.call,
    b"o": Machine.call_of_group,
    b"i": Machine.call_by_name,
    b"\x81": Machine.create,
    b"\x92": Machine.create_with_names,
    b"b": Machine.build,
    b"P": lambda m: m.push(m.meaning.persistent(m.cursor.name())),
    b"Q": lambda m: m.push(m.meaning.persistent(m.pop())),
    b"\x82": _unsupported("an extension code"),
    b"\x83": _unsupported("an extension code"),
    b"\x84": _unsupported("an extension code"),
    b"\x97": _unsupported("a buffer outside the pickle"),
    b"\x98": _unsupported("a buffer outside the pickle"),
}
ACTIONS: dict[int, Action] = {
    opcode[0]: action
    for group in (_VALUES, _CONTAINERS, _STACK, _OBJECTS)
    for opcode, action in group.items()
}
