"""Read ``extra_model_paths.yaml``, the list of model folders that ComfyUI reads, as it does.

ComfyUI (``utils/extra_config.py``): each top-level key is a group of ``kind: folders`` with one
folder a line; ``base_path`` is before them all, ``is_default`` puts them before those of others;
home folders and variables are expanded in ``base_path`` alone; what is not absolute begins at the
folder of the file.
"""

import os
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import yaml

from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.files import open_source, read_exactly
from ckpt_studio.formats.shown import shown, shown_name

_MOST_BYTES = 256 << 10
_HINT = "Correct the file, or add the folders one by one."
_TRUE = frozenset({"true", "yes", "on"})


@dataclass(frozen=True, slots=True)
class ExtraPath:
    """A folder of the list: ``key`` is ComfyUI's word for the kind of models in it."""

    key: str
    folder: str
    default: bool


def read_extra_paths(path: Path) -> tuple[ExtraPath, ...]:
    """Return the folders that a file lists, in the order in which ComfyUI looks into them.

    Raises:
        FormatError: it cannot be read, is too large, or is not such a list; the line is named.
    """
    source = open_source(path)
    try:
        raw = read_exactly(source, _MOST_BYTES + 1, 0)
    except OSError as problem:
        raise FormatError(f"{shown_name(path)} cannot be read: {problem.strerror}") from problem
    finally:
        os.close(source)
    name = shown_name(path)
    if len(raw) > _MOST_BYTES:
        raise FormatError(f"{name} is larger than {_MOST_BYTES:,} bytes", "Choose another file.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        raise FormatError(f"{name} is not UTF-8 text in line {line}", _HINT) from None
    return parse_extra_paths(text, str(path.absolute().parent), name)


def parse_extra_paths(
    text: str, folder: str, name: str = "extra_model_paths.yaml", paths: ModuleType = os.path
) -> tuple[ExtraPath, ...]:
    """Return the folders in a text; those that are not absolute begin at ``folder``.

    ``paths`` is the module that knows paths: ``posixpath`` or ``ntpath``.

    Raises:
        FormatError: see ``read_extra_paths``.
    """
    found: list[ExtraPath] = []
    for extra in _List(name, folder, paths).read(text):
        if extra.default:
            found.insert(0, extra)
        else:
            found.append(extra)
    return tuple(found)


class _List:
    """Walks the nodes of the text; nothing is built from them, so aliases cannot blow it up."""

    def __init__(self, name: str, folder: str, paths: ModuleType = posixpath) -> None:
        self._name, self._folder, self._paths = name, folder, paths

    def read(self, text: str) -> Iterator[ExtraPath]:
        """Return each folder in the order of the text."""
        for _, group in self._entries(self._composed(text), "groups of folders"):
            if not _empty(group):
                yield from self._group(group)

    def _composed(self, text: str) -> yaml.Node | None:
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as problem:
            mark = problem.problem_mark or problem.context_mark
            self._not_yaml(mark, problem.problem or problem.context or "")
        except yaml.YAMLError as problem:
            self._not_yaml(None, str(problem).splitlines()[0])
        except RecursionError:
            self._not_yaml(None, "It is nested too deeply")

    def _group(self, group: yaml.Node) -> Iterator[ExtraPath]:
        entries = dict(self._entries(group, "a list of kind: folder"))
        base = self._base(entries.pop("base_path", None))
        default = entries.pop("is_default", None)
        first = default is not None and self._text(default).lower() in _TRUE
        for key, value in entries.items():
            for line in self._text(value).split("\n"):
                if line.strip():
                    yield ExtraPath(key, self._full(base, line.strip()), first)

    def _base(self, node: yaml.Node | None) -> str:
        if node is None or not self._text(node):
            return self._folder
        paths = self._paths
        return str(paths.join(self._folder, paths.expandvars(paths.expanduser(self._text(node)))))

    def _full(self, base: str, line: str) -> str:
        return str(self._paths.normpath(self._paths.join(base, line)))

    def _entries(self, node: yaml.Node | None, wanted: str) -> Iterator[tuple[str, yaml.Node]]:
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            self._refuse(node.start_mark, f"there should be {wanted}")
        for key, value in node.value:
            yield self._text(key), value

    def _text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node.start_mark, "there should be a text")
        return str(node.value)

    def _refuse(self, mark: yaml.Mark, reason: str) -> NoReturn:
        line = mark.line + 1
        raise FormatError(f"{self._name} is no list of folders: {reason} in line {line}", _HINT)

    def _not_yaml(self, mark: yaml.Mark | None, reason: str) -> NoReturn:
        """Say the line; the words of the parser are for those who know YAML."""
        line = f" in line {mark.line + 1}" if mark else ""
        words = f"{shown(reason[:1].upper() + reason[1:])}. " if reason else ""
        raise FormatError(f"{self._name} is not valid YAML{line}", words + _HINT)


def _empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
