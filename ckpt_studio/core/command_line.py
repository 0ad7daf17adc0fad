"""A recipe as the command that does the same, to paste into a terminal or a script."""

import shlex
from collections.abc import Iterator, Mapping

from ckpt_studio.core.byte_sizes import size_word
from ckpt_studio.core.lora.recipes import AnyRecipe, LoraRecipe
from ckpt_studio.core.lora_command import lora_words
from ckpt_studio.core.merge_command import merge_words
from ckpt_studio.core.metadata import Edit, RemoveKeys, RenameKey, ReplaceAll, SetValue
from ckpt_studio.core.plan import OnOverflow
from ckpt_studio.core.recipe import (
    Assemble,
    Convert,
    EditMetadata,
    Extract,
    Layout,
    Merge,
    MetadataChoice,
    Output,
    Precision,
)

_PROGRAM = "ckpt-studio"


def command_line(recipe: AnyRecipe) -> str:
    """Return the command; quoted for a POSIX shell.

    Edits of metadata become ``--set KEY=VALUE`` where the verb has that option; removed and renamed
    keys of a new checkpoint have no option and are told in a comment at the end.
    """
    if isinstance(recipe, EditMetadata):
        return "\n".join(shlex.join([_PROGRAM, "meta", *_meta(recipe, e)]) for e in recipe.edits)
    return shlex.join([_PROGRAM, *_words(recipe)]) + _untold(recipe.metadata)


def _words(recipe: Assemble | Convert | Extract | Merge | LoraRecipe) -> Iterator[str]:
    match recipe:
        case Assemble():
            yield from _assemble(recipe)
        case Convert():
            yield from _convert(recipe)
        case Extract():
            yield from _extract(recipe)
        case Merge():
            yield from merge_words(recipe)
        case _:
            yield from lora_words(recipe)
    yield from _common(recipe)


def _convert(recipe: Convert) -> Iterator[str]:
    yield from ("convert", str(recipe.source))
    for name in recipe.drop:
        yield from ("--drop", name)
    if recipe.prune:
        yield "--prune"
    if recipe.fix_position_ids:
        yield "--fix-position-ids"


def _extract(recipe: Extract) -> Iterator[str]:
    yield from ("extract", str(recipe.source), "--parts", recipe.part)
    yield from _family(recipe)


def _extracted(recipe: Extract) -> Iterator[str]:
    """Name the file: the option for the place takes a folder there."""
    path = recipe.output.path
    if path:
        yield from ("-o", str(path.parent), "--name", f"{recipe.part}={path.name}")
    yield from _shards(recipe.output)
    if recipe.output.overwrite:
        yield "--overwrite"


def _family(recipe: Assemble | Extract) -> Iterator[str]:
    if recipe.target:
        yield from ("--target", recipe.target)
    if recipe.prediction:
        yield from ("--prediction", recipe.prediction)
    if recipe.ema:
        yield "--ema"


def _assemble(recipe: Assemble) -> Iterator[str]:
    yield "save"
    for option, path in (
        ("--model", recipe.model),
        *(("--text-encoder", encoder) for encoder in recipe.text_encoders),
        ("--vae", recipe.vae),
        ("--clip-vision", recipe.clip_vision),
        ("--from", recipe.base),
    ):
        if path is not None:
            yield from (option, str(path))
    yield from _family(recipe)
    if recipe.allow_missing:
        yield "--allow-missing"
    if recipe.output.layout is Layout.PARTS:
        yield "--separate"
        for part, name in recipe.output.names.items():
            yield from ("--name", f"{part}={name}")


def _common(recipe: Assemble | Convert | Extract | Merge | LoraRecipe) -> Iterator[str]:
    if not isinstance(recipe, LoraRecipe):
        yield from _precision(recipe.precision)
    if recipe.on_overflow is not OnOverflow.ERROR:
        yield from ("--on-overflow", recipe.on_overflow.value)
    yield from _metadata(recipe.metadata)
    yield from _extracted(recipe) if isinstance(recipe, Extract) else _output(recipe.output)


def _precision(choices: Mapping[str, Precision]) -> Iterator[str]:
    wide = "*" in choices or "te" in choices  # then keeping a part has to be said
    chosen = {part: each for part, each in choices.items() if wide or each is not Precision.KEEP}
    if chosen:
        yield "--dtype"
        yield ",".join(
            each.value if part == "*" else f"{part}={each.value}" for part, each in chosen.items()
        )


def _metadata(choice: MetadataChoice) -> Iterator[str]:
    if choice.prompt:
        yield from ("--prompt", choice.prompt)
    if choice.extra_pnginfo:
        pairs = ",".join(f"{_json_key(key)}:{value}" for key, value in choice.extra_pnginfo.items())
        yield from ("--extra-pnginfo", "{" + pairs + "}")
    for key, value in _values(choice.edits).items():
        yield from ("--set", f"{key}={value}")
    if choice.recipe:
        yield "--recipe-in-metadata"


def _json_key(key: str) -> str:
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _values(edits: tuple[Edit, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for edit in edits:
        match edit:
            case SetValue(key, value):
                values[key] = value
            case ReplaceAll(changed):
                values.update(changed)
            case RemoveKeys(keys):
                values = {key: value for key, value in values.items() if key not in keys}
            case RenameKey(old, new):
                values = {new if key == old else key: value for key, value in values.items()}
    return values


def _untold(choice: MetadataChoice) -> str:
    untold = [edit.title for edit in choice.edits if isinstance(edit, RemoveKeys | RenameKey)]
    return f"  # then: {', '.join(untold)}" if untold else ""


def _output(output: Output) -> Iterator[str]:
    if output.path:
        yield from ("-o", str(output.path))
    elif output.folder:
        yield from ("--filename-prefix", output.prefix, "--output-dir", str(output.folder))
    if output.layout is Layout.DIFFUSERS:
        yield from ("--layout", output.layout.value)
    yield from _shards(output)
    if output.overwrite:
        yield "--overwrite"


def _shards(output: Output) -> Iterator[str]:
    if output.shard_bytes > 0:
        yield from ("--max-shard-size", size_word(output.shard_bytes))


def _meta(recipe: EditMetadata, edit: Edit) -> list[str]:
    source = str(recipe.source)
    match edit:
        case SetValue(key, value):
            return ["set", source, f"{key}={value}"]
        case ReplaceAll(values):
            return ["set", source, *(f"{key}={value}" for key, value in values.items())]
        case RemoveKeys(keys):
            return ["remove", source, *sorted(keys)]
        case RenameKey(old, new):
            return ["rename", source, old, new]
