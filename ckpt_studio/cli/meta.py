"""``meta``: show and change the metadata of a file; every data byte stays as it is."""

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ckpt_studio.cli import meta_export, meta_import, options
from ckpt_studio.cli.carry_out import carry_out, source_problems
from ckpt_studio.cli.command import Answer, Command, UsageError
from ckpt_studio.cli.inspection_text import metadata_lines, problem_lines
from ckpt_studio.cli.printing import printable
from ckpt_studio.core.editing.metadata_rules import checked, needed_changes, same
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.metadata import (
    LOCKED_KEYS,
    Edit,
    RemoveKeys,
    RenameKey,
    SetValue,
)
from ckpt_studio.core.recipe import EditMetadata, Output
from ckpt_studio.engine import WriteOptions, open_checkpoint
from ckpt_studio.engine.summary import problems

Action = Callable[[Namespace], Answer]


def _arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    def add(name: str, summary: str, example: str) -> ArgumentParser:
        return actions.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"example:\n  ckpt-studio meta {name} {example}",
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    show = _action(add("show", "print keys and values", "model.safetensors prompt"), _show)
    show.add_argument("keys", nargs="*", metavar="KEY", help="only these, in full")
    change = add("set", "set keys; an empty value removes the key", "model.safetensors author=me")
    _edit(change, _set).add_argument(
        "items", nargs="+", metavar="KEY=VALUE", help="or KEY VALUE, once"
    )
    remove = add("remove", "remove keys", "model.safetensors prompt workflow")
    _edit(remove, _remove).add_argument("keys", nargs="+", metavar="KEY")
    rename = _edit(add("rename", "rename a key", "model.safetensors title name"), _rename)
    rename.add_argument("old", metavar="OLD")
    rename.add_argument("new", metavar="NEW")
    take = add("import", "take over metadata", "model.safetensors --image picture.png")
    meta_import.add_arguments(_edit(take, _import))
    export = add("export", "print or save the metadata as JSON", "model.safetensors -o meta.json")
    meta_export.add_arguments(_action(export, meta_export.run))


def _action(parser: ArgumentParser, action: Action) -> ArgumentParser:
    parser.set_defaults(action=action, parser=parser)
    parser.add_argument("file", type=options.path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print one JSON object for machines")
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")
    return parser


def _edit(parser: ArgumentParser, action: Action) -> ArgumentParser:
    parser.add_argument(
        "-o",
        "--output",
        type=options.new_file,
        metavar="OUT",
        help="write another file, or with the ending .json nothing but the metadata",
    )
    parser.add_argument("--force", action="store_true", help="also change keys that loaders need")
    parser.add_argument(
        "--keep-date",
        action="store_true",
        help="keep the date of the file; A1111 and Forge may go on showing what it held before",
    )
    parser.add_argument(
        "--hashes", action="store_true", help="sha256, AutoV2 and AutoV3, before and after"
    )
    options.add_plan(parser)
    options.add_progress(parser)
    return _action(parser, action)


def _run(arguments: Namespace) -> Answer:
    action: Action = arguments.action
    return action(arguments)


def _show(arguments: Namespace) -> Answer:
    metadata = open_checkpoint(arguments.file).checkpoint.metadata
    _require(arguments.keys, metadata, arguments.file)
    shown = {key: metadata[key] for key in arguments.keys} if arguments.keys else dict(metadata)
    document = {"file": str(arguments.file), "metadata": shown}
    return Answer(document, lambda: _page(shown, in_full=bool(arguments.keys)))


def _page(metadata: dict[str, str], *, in_full: bool) -> str:
    if not in_full:
        return "\n".join(metadata_lines(metadata)) or "  No metadata"
    if len(metadata) == 1:
        return "\n".join(printable(line) for line in next(iter(metadata.values())).split("\n"))
    return "\n".join(f"{printable(key)} = {printable(value)}" for key, value in metadata.items())


def _set(arguments: Namespace) -> Answer:
    items = arguments.items
    if len(items) == 2 and "=" not in items[0]:  # noqa: PLR2004 - one key and its value
        return _change([SetValue(items[0], items[1])], arguments)
    pairs = [item.partition("=") for item in items]
    if not all(separator for _, separator, _ in pairs):
        raise UsageError("each value to set has to be KEY=VALUE")
    return _change([SetValue(key, value) for key, _, value in pairs], arguments)


def _remove(arguments: Namespace) -> Answer:
    return _change([RemoveKeys(frozenset(arguments.keys))], arguments)


def _rename(arguments: Namespace) -> Answer:
    return _change([RenameKey(arguments.old, arguments.new)], arguments)


def _import(arguments: Namespace) -> Answer:
    metadata = open_checkpoint(arguments.file).checkpoint.metadata
    return _change(meta_import.edits(arguments, metadata), arguments)


def _change(edits: Sequence[Edit], arguments: Namespace) -> Answer:
    metadata = open_checkpoint(arguments.file).checkpoint.metadata
    needed: list[Edit] = []
    after = metadata
    for edit in edits:
        _require(_taken_away(edit), after, arguments.file)
        allowed = _checked(edit, after)
        if allowed is not None:
            needed.append(allowed)
            after = allowed.apply(after)
    if not arguments.force:
        _refuse_locked(needed_changes(needed, metadata))
    if arguments.output is not None and arguments.output.suffix.lower() == ".json":
        return meta_export.written(after, arguments)
    if arguments.output is None and same(metadata, after):
        return _nothing_to_do(arguments)
    output = (
        Output(path=arguments.file, overwrite=True)
        if arguments.output is None
        else Output(path=arguments.output, overwrite=arguments.overwrite)
    )
    recipe = EditMetadata(source=arguments.file, edits=tuple(needed), output=output)
    how = WriteOptions(hashes=arguments.hashes, keep_date=arguments.keep_date)
    return carry_out([recipe], arguments, how)


def _nothing_to_do(arguments: Namespace) -> Answer:
    found = problems(source_problems(arguments))
    document = {"file": str(arguments.file), "changed": False, "problems": found}
    said = f"Nothing to change: {printable(arguments.file.name)} is like that already"
    return Answer(document, lambda: "\n".join([*problem_lines(found), said]))


def _checked(edit: Edit, metadata: Mapping[str, str]) -> Edit | None:
    try:
        return checked(edit, metadata)
    except ValueError as error:
        raise PlanError(str(error)) from error


def _taken_away(edit: Edit) -> Sequence[str]:
    match edit:
        case RemoveKeys(keys):
            return sorted(keys)
        case RenameKey(old):
            return (old,)
        case _:
            return ()


def _refuse_locked(keys: frozenset[str]) -> None:
    if keys:
        key = min(keys)
        raise PlanError(f"‘{key}’ is needed: {LOCKED_KEYS[key]}.", "Use --force to do it anyway.")


def _require(keys: Sequence[str], metadata: Mapping[str, str], file: Path) -> None:
    for key in keys:
        if key not in metadata:
            known = ", ".join(metadata)
            hint = f"Its keys are {known}." if known else "It has no metadata."
            raise PlanError(f"{file.name} has no key ‘{key}’", hint)


COMMAND = Command(
    example="  ckpt-studio meta show model.safetensors\n"
    '  ckpt-studio meta set model.safetensors modelspec.title="My model"\n'
    "  ckpt-studio meta remove model.safetensors workflow prompt -o shared.safetensors\n"
    "  ckpt-studio meta import model.safetensors --image picture.png\n"
    "  ckpt-studio meta export model.safetensors -o metadata.json",
    add_arguments=_arguments,
    run=_run,
)
