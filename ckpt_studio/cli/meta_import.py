"""``meta import``: which keys of a picture, a video, a JSON file or another model are taken."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace

from ckpt_studio.cli import options
from ckpt_studio.cli.image_option import keep_problems, require_offers
from ckpt_studio.core.editing.metadata_import import Proposal
from ckpt_studio.core.editing.metadata_import import edits as edits_of
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.metadata import Edit, Metadata
from ckpt_studio.engine import Imported, import_checkpoint, import_media, import_text


def add_arguments(parser: ArgumentParser) -> None:
    """Add where the metadata come from, and which of them are taken."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--image",
        type=options.path,
        metavar="FILE",
        help="a picture, video or sound of any program: PNG, JPEG, WebP, AVIF, MP4, WebM, FLAC, …",
    )
    source.add_argument(
        "--json-file",
        type=options.path,
        metavar="FILE",
        help="a workflow or prompt of ComfyUI, exported metadata, or a text of A1111",
    )
    source.add_argument(
        "--from", type=options.path, dest="other", metavar="CHECKPOINT", help="another model"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="KEY",
        help="take this key instead of the usual ones (repeatable)",
    )
    parser.add_argument("--all", action="store_true", help="take every key there is")


def edits(arguments: Namespace, metadata: Metadata) -> Sequence[Edit]:
    """Return the edits that the options ask for.

    Raises:
        CkptStudioError: the source cannot be read, or has nothing to offer.
    """
    found = _read(arguments, metadata)
    require_offers(found)
    keep_problems(found, arguments)
    chosen = _chosen(found, arguments.only, every=arguments.all)
    return edits_of(chosen, f"Import from {found.name}")


def _read(arguments: Namespace, metadata: Metadata) -> Imported:
    if arguments.image is not None:
        return import_media(arguments.image, metadata)
    if arguments.json_file is not None:
        return import_text(arguments.json_file, metadata)
    return import_checkpoint(arguments.other, metadata)


def _chosen(found: Imported, only: Sequence[str], *, every: bool) -> Sequence[Proposal]:
    offered = {proposal.key: proposal for proposal in found.proposals}
    for key in only:
        if key not in offered:
            raise PlanError(
                f"{found.name} offers no key ‘{key}’", f"Its keys are {', '.join(offered)}."
            )
    if not only and not every:
        if not any(proposal.ticked for proposal in found.proposals):
            raise PlanError(
                f"{found.name} offers {', '.join(offered)}, which is taken only when it is named",
                "Say what to take with --only KEY, or --all.",
            )
        return found.proposals
    return [replace(one, ticked=every or one.key in only) for one in found.proposals]
