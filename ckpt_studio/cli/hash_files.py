"""``hash``: the numbers by which models are known, in one pass over each file.

Hashes that the file's metadata holds of itself are checked on the way.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from ckpt_studio.cli import options
from ckpt_studio.cli.command import Answer, Command
from ckpt_studio.cli.each_file import failed_page, of_each
from ckpt_studio.cli.job import job
from ckpt_studio.cli.printing import printable
from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.stored_hashes import stored_hashes
from ckpt_studio.engine import HashCache, Hashes
from ckpt_studio.engine.summary import Json
from ckpt_studio.formats.opening import read_any
from ckpt_studio.formats.sharded import is_index_name


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=options.path, metavar="FILE")
    options.add_progress(parser)


def _run(arguments: Namespace) -> Answer:
    cache = HashCache()
    with job(arguments) as (progress, cancel):

        def look(path: Path) -> Json:
            if is_index_name(path.name):
                read_any(path)  # says why its shards cannot be found
            return _document(path, cache.take(path, progress=progress, cancel=cancel))

        files = [file for path in arguments.files for file in _meant(path)]
        return of_each(files, look, lambda documents: "\n".join(map(_page, documents)))


def _meant(path: Path) -> list[Path]:
    """Return the shards that an index names in its place: nobody asks for hashes of the list."""
    if not is_index_name(path.name):
        return [path]
    try:
        return [file.path for file in read_any(path).files]
    except FormatError:
        return [path]


def _document(path: Path, found: Hashes) -> Json:
    stored = stored_hashes(_metadata(path), found.data_sha256) if found.data_sha256 else ()
    return {"file": str(path), **asdict(found), "stored": list(map(asdict, stored))}


def _metadata(path: Path) -> Mapping[str, str]:
    try:
        return read_any(path).metadata
    except FormatError:
        return {}  # any file has hashes; only models have metadata


def _page(document: Json) -> str:
    if "error" in document:
        return failed_page(document)
    names = (name for name in document if name not in {"file", "stored"} and document[name])
    lines = [f"  {name:11} {document[name]}" for name in names]
    for stored in document["stored"]:
        said = "right" if stored["right"] else "wrong: it is not that of the tensors"
        lines.append(f"  {stored['key']} in the metadata is {said}")
    return "\n".join((printable(document["file"]), *lines))


COMMAND = Command(
    example="  ckpt-studio hash model.safetensors --json",
    add_arguments=_arguments,
    run=_run,
)
