"""Recipes as versioned JSON: what a recipe file and the key ``ckpt_studio.recipe`` hold.

A recipe says nothing but what the user chose, so the JSON leaves out everything that has its
default. Paths may be relative; they count from the folder of the file that holds the recipe.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ckpt_studio.core.errors import FormatError
from ckpt_studio.core.lora.recipes import AnyRecipe, LoraRecipe
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
)
from ckpt_studio.formats import lora_json
from ckpt_studio.formats.files import signature_of
from ckpt_studio.formats.merge_json import merge_from_json
from ckpt_studio.formats.nameless_json import named_to_json, nameless
from ckpt_studio.formats.recipe_fields import Fields
from ckpt_studio.formats.shown import shown_name

VERSION = 1
METADATA_KEY = "ckpt_studio.recipe"
"""The metadata key under which a checkpoint carries the recipe it was made with."""

_LARGEST_BYTES = 64 << 20
_HINT = "A recipe is the file that ‘save --save-recipe FILE’ writes."

Json = dict[str, Any]


def recipe_to_json(
    recipe: AnyRecipe, *, folder: Path | None = None, indent: int | None = None
) -> str:
    """Return a recipe as JSON; paths inside ``folder`` become relative to it, others absolute."""
    document: Json = {"ckpt_studio": "recipe", "version": VERSION}
    match recipe:
        case Assemble():
            document |= {"verb": "save", **_assemble(recipe, folder)}
        case Convert():
            document |= {"verb": "convert", "source": _path(recipe.source, folder)}
            document |= {"drop": list(recipe.drop), "prune": recipe.prune}
            document["fix_position_ids"] = recipe.fix_position_ids
        case Extract():
            source = _path(recipe.source, folder)
            document |= {"verb": "extract", "source": source, "part": recipe.part}
            document |= {"target": recipe.target, "prediction": recipe.prediction}
            document["ema"] = recipe.ema
        case EditMetadata():
            document |= {"verb": "meta", "source": _path(recipe.source, folder)}
            document["edits"] = [_edit(edit) for edit in recipe.edits]
        case _:
            document |= named_to_json(recipe, lambda path: _path(path, folder))
    if not isinstance(recipe, EditMetadata):
        document |= _common(recipe)
    document["output"] = _output(recipe.output, folder)
    return json.dumps(_without_empty(document), indent=indent)


def embedded_recipe(recipe: AnyRecipe, *, folder: Path | None = None) -> str:
    """Return a recipe as a checkpoint carries it: without its output.

    Where it goes is no part of what it is: the same choices give the same bytes anywhere. Merges
    and LoRAs name their sources by file names and hashes, since models are known by these and
    travel.
    """
    bare = replace(recipe, output=Output())
    if not isinstance(bare, Merge | LoraRecipe):
        return recipe_to_json(bare, folder=folder)
    document = {"ckpt_studio": "recipe", "version": VERSION, **nameless(bare)}
    return json.dumps(_without_empty(document | _common(bare)))


def recipe_from_json(text: str, *, folder: Path, where: str = "The recipe") -> AnyRecipe:
    """Return the recipe that a JSON text holds; relative paths count from ``folder``.

    Raises:
        FormatError: the text is no recipe, or one of a newer version; ``where`` begins the
            sentence.
    """
    fields = Fields(_document(text, where), where, folder)
    version = fields.number("version")
    if version != VERSION:
        raise FormatError(
            f"{where} has version {version}; this program reads version {VERSION}.",
            "Update Checkpoint Studio, or write the recipe again.",
        )
    fields.word("ckpt_studio", ("recipe",))
    verb = fields.word("verb", tuple(_READERS))
    recipe = _READERS[verb](fields)
    fields.finish()
    return recipe


def read_recipe_file(path: Path) -> AnyRecipe:
    """Return the recipe in a file.

    Raises:
        FormatError: the file cannot be read, or holds no recipe.
    """
    name = shown_name(path)
    try:
        if signature_of(path).size > _LARGEST_BYTES:
            raise FormatError(f"{name} is larger than any recipe can be.")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise FormatError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{name} is no text.", _HINT) from error
    return recipe_from_json(text, folder=path.parent, where=name)


def _document(text: str, where: str) -> Mapping[str, object]:
    if len(text) > _LARGEST_BYTES:
        raise FormatError(f"{where} is larger than any recipe can be.", _HINT)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where} is not valid JSON: {error}.", _HINT) from error
    if not isinstance(document, dict) or document.get("ckpt_studio") != "recipe":
        raise FormatError(f"{where} is JSON, but not a recipe of Checkpoint Studio.", _HINT)
    return document


def _common(recipe: Assemble | Convert | Extract | Merge | LoraRecipe) -> Json:
    common = {
        "on_overflow": _unless(OnOverflow.ERROR, recipe.on_overflow),
        "metadata": _metadata(recipe.metadata),
    }
    if not isinstance(recipe, LoraRecipe):
        common["precision"] = {part: str(chosen) for part, chosen in recipe.precision.items()}
    return common


def _assemble(recipe: Assemble, folder: Path | None) -> Json:
    return {
        "model": _path(recipe.model, folder),
        "text_encoders": [_path(path, folder) for path in recipe.text_encoders],
        "vae": _path(recipe.vae, folder),
        "clip_vision": _path(recipe.clip_vision, folder),
        "base": _path(recipe.base, folder),
        "target": recipe.target,
        "prediction": recipe.prediction,
        "allow_missing": recipe.allow_missing,
        "ema": recipe.ema,
    }


def _metadata(choice: MetadataChoice) -> Json:
    return _without_empty(
        {
            "prompt": choice.prompt,
            "extra_pnginfo": dict(choice.extra_pnginfo),
            "edits": [_edit(edit) for edit in choice.edits],
            "recipe": choice.recipe,
        }
    )


def _edit(edit: Edit) -> Json:
    match edit:
        case SetValue(key, value):
            return {"set": key, "value": value}
        case RemoveKeys(keys):
            return {"remove": sorted(keys)}
        case RenameKey(old, new):
            return {"rename": old, "to": new}
        case ReplaceAll(values, label):
            return {"replace": dict(values), "label": label}


def _output(output: Output, folder: Path | None) -> Json:
    default = Output()
    return _without_empty(
        {
            "path": _path(output.path, folder),
            "prefix": _unless(default.prefix, output.prefix),
            "folder": _path(output.folder, folder),
            "overwrite": output.overwrite,
            "layout": _unless(default.layout, output.layout),
            "shard_bytes": output.shard_bytes,
            "names": dict(output.names),
        }
    )


def _path(path: Path | None, folder: Path | None) -> str | None:
    if path is None:
        return None
    absolute = path.absolute()
    if folder is not None and absolute.is_relative_to(folder.absolute()):
        relative = absolute.relative_to(folder.absolute())
        if ".." not in relative.parts:
            return relative.as_posix()
    return str(absolute)


def _unless(default: str, value: str) -> str | None:
    return None if value == default else str(value)


def _without_empty(document: Json) -> Json:
    return {key: value for key, value in document.items() if value not in (None, "", [], {}, False)}


def _read_assemble(fields: Fields) -> Assemble:
    return Assemble(
        model=fields.path("model"),
        text_encoders=fields.paths("text_encoders"),
        vae=fields.path("vae"),
        clip_vision=fields.path("clip_vision"),
        base=fields.path("base"),
        target=fields.text("target") or None,
        prediction=fields.text("prediction") or None,
        precision=fields.precision("precision"),
        on_overflow=_read_on_overflow(fields),
        allow_missing=fields.flag("allow_missing"),
        ema=fields.flag("ema"),
        metadata=_read_metadata(fields),
        output=_read_output(fields),
    )


def _read_convert(fields: Fields) -> Convert:
    return Convert(
        source=fields.needed_path("source"),
        precision=fields.precision("precision"),
        on_overflow=_read_on_overflow(fields),
        metadata=_read_metadata(fields),
        output=_read_output(fields),
        drop=fields.words("drop"),
        prune=fields.flag("prune"),
        fix_position_ids=fields.flag("fix_position_ids"),
    )


def _read_extract(fields: Fields) -> Extract:
    return Extract(
        source=fields.needed_path("source"),
        part=fields.text("part"),
        target=fields.text("target") or None,
        prediction=fields.text("prediction") or None,
        ema=fields.flag("ema"),
        precision=fields.precision("precision"),
        on_overflow=_read_on_overflow(fields),
        metadata=_read_metadata(fields),
        output=_read_output(fields),
    )


def _read_merge(fields: Fields) -> Merge:
    return replace(
        merge_from_json(fields),
        precision=fields.precision("precision"),
        on_overflow=_read_on_overflow(fields),
        metadata=_read_metadata(fields),
        output=_read_output(fields),
    )


def _read_lora(read: Callable[[Fields], LoraRecipe]) -> Callable[[Fields], LoraRecipe]:
    """Return the reader of a LoRA recipe with the fields that it shares with others."""
    return lambda fields: replace(
        read(fields),
        on_overflow=_read_on_overflow(fields),
        metadata=_read_metadata(fields),
        output=_read_output(fields),
    )


def _read_edit_metadata(fields: Fields) -> EditMetadata:
    return EditMetadata(
        source=fields.needed_path("source"),
        edits=tuple(_read_edit(item) for item in fields.objects("edits")),
        output=_read_output(fields),
    )


_READERS: Mapping[str, Callable[[Fields], AnyRecipe]] = {
    "save": _read_assemble,
    "convert": _read_convert,
    "extract": _read_extract,
    "meta": _read_edit_metadata,
    "merge": _read_merge,
    lora_json.EXTRACT: _read_lora(lora_json.extract_from_json),
    lora_json.MERGE: _read_lora(lora_json.merge_from_json),
    lora_json.RESIZE: _read_lora(lora_json.resize_from_json),
}


def _read_on_overflow(fields: Fields) -> OnOverflow:
    choices = tuple(str(choice) for choice in OnOverflow)
    return OnOverflow(fields.word("on_overflow", choices, default=OnOverflow.ERROR))


def _read_metadata(fields: Fields) -> MetadataChoice:
    inner = fields.inner("metadata")
    choice = MetadataChoice(
        prompt=inner.text("prompt"),
        extra_pnginfo=inner.texts("extra_pnginfo"),
        edits=tuple(_read_edit(item) for item in inner.objects("edits")),
        recipe=inner.flag("recipe"),
    )
    inner.finish()
    return choice


def _read_output(fields: Fields) -> Output:
    inner = fields.inner("output")
    output = Output(
        path=inner.path("path"),
        prefix=inner.text("prefix", default=Output().prefix),
        folder=inner.path("folder"),
        overwrite=inner.flag("overwrite"),
        layout=Layout(inner.word("layout", tuple(Layout), default=Layout.FILE)),
        shard_bytes=inner.number("shard_bytes", default=0),
        names=inner.texts("names"),
    )
    inner.finish()
    return output


def _read_edit(fields: Fields) -> Edit:
    edit: Edit
    if "set" in fields:
        edit = SetValue(fields.text("set"), fields.text("value"))
    elif "remove" in fields:
        edit = RemoveKeys(frozenset(fields.words("remove")))
    elif "rename" in fields:
        edit = RenameKey(fields.text("rename"), fields.text("to"))
    else:
        edit = ReplaceAll(fields.texts("replace"), fields.text("label"))
    fields.finish()
    return edit
