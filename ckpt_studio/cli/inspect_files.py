"""``inspect``: what is in a file, from its header alone."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ckpt_studio.cli.command import Answer, Command
from ckpt_studio.cli.inspection_text import inspection_text
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.engine import open_checkpoint
from ckpt_studio.engine.summary import Json, failure, inspection


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--tensors", action="store_true", help="list every tensor")


def _run(arguments: Namespace) -> Answer:
    looked = [_look(path, tensors=arguments.tensors) for path in arguments.files]
    documents = [document for document, _ in looked]
    errors = [error for _, error in looked if error is not None]
    if len(looked) == 1:
        if errors:
            raise errors[0]
        return Answer(documents[0], lambda: inspection_text(documents[0]))
    return Answer(
        {"files": documents},
        lambda: "\n\n".join(inspection_text(one) for one in documents),
        _several(errors),
    )


def _look(path: Path, *, tensors: bool) -> tuple[Json, CkptStudioError | None]:
    try:
        return inspection(open_checkpoint(path), tensors=tensors), None
    except CkptStudioError as error:
        return {"file": str(path), "error": failure(error)}, error


def _several(errors: list[CkptStudioError]) -> CkptStudioError | None:
    if len(errors) < 2:  # noqa: PLR2004 - one speaks for itself
        return errors[0] if errors else None
    return CkptStudioError(f"{len(errors)} files could not be read.")


COMMAND = Command(
    example="  ckpt-studio inspect sdxl.safetensors\n"
    "  ckpt-studio inspect *.safetensors --json | jq '.files[].architecture'",
    add_arguments=_arguments,
    run=_run,
)
