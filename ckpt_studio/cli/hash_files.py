"""``hash``: the numbers by which models are known, in one pass over each file.

Hashes that the file's metadata holds of itself are checked on the way.
"""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from ckpt_studio.cli import options
from ckpt_studio.cli.command import Answer, Command
from ckpt_studio.cli.each_file import failed_page, of_each
from ckpt_studio.cli.job import job
from ckpt_studio.cli.printing import printable
from ckpt_studio.core.errors import FormatError
from ckpt_studio.engine import FileHashes, HashCache, hashed_files, take_hashes
from ckpt_studio.engine.summary import Json


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=options.path, metavar="FILE")
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="read the files even where their hashes are known from before",
    )
    options.add_progress(parser)


def _run(arguments: Namespace) -> Answer:
    cache, anew = HashCache(), arguments.no_cache
    with job(arguments) as (progress, cancel):

        def look(path: Path) -> Json:
            files = hashed_files(path)  # of an index whose shards are not there: says why
            (found,) = take_hashes(files, cache, anew=anew, progress=progress, cancel=cancel)
            return _document(found)

        files = [file for path in arguments.files for file in _meant(path)]
        return of_each(files, look, lambda documents: "\n".join(map(_page, documents)))


def _meant(path: Path) -> tuple[Path, ...]:
    try:
        return hashed_files(path)
    except FormatError:
        return (path,)


def _document(found: FileHashes) -> Json:
    stored = list(map(asdict, found.stored))
    return {"file": str(found.path), **asdict(found.hashes), "stored": stored}


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
