"""Split an output into files of limited size, with the index that Hugging Face's loaders read.

The names and the index are those of ``formats.md`` 3.1: ``NAME-00001-of-00003.safetensors`` and
``NAME.safetensors.index.json``.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ckpt_studio.core.plan import Plan, PlannedTensor
from ckpt_studio.core.problems import error
from ckpt_studio.core.text import binary_size, counted

INDEX_END = ".safetensors.index.json"
MOST_FILES = 200
"""All new files of a set are open until it is complete; macOS allows 256 open files."""

ADDED_KEY = "ckpt_studio.added"
"""Names the metadata key that the first shard holds for loaders only: no part of the model's."""

_NUMBER = re.compile(r"-\d{5}-of-\d{5}(?=\.safetensors\Z)")
_ENDS = (".safetensors", ".sft")


def sharded(plan: Plan, limit: int) -> Plan:
    """Return the plan with every file of more than ``limit`` bytes of data split into shards.

    Rows fill one shard after the other in their order; a tensor larger than the limit gets a shard
    of its own. Of one file the ``output`` becomes the index; what fits stays one file. A plan that
    was split before is put together first. Needs an ``output``.
    """
    plan = whole(plan)
    if plan.output is None:
        return plan
    single = not plan.files
    rows: list[PlannedTensor] = []
    texts = dict(plan.texts)
    for file, group in ({"": plan.tensors} if single else plan.files).items():
        stem = _stem(plan.output.name if single else file)
        split, index = _split(group, stem, limit)
        rows += split
        texts |= index
    index_name = _stem(plan.output.name) + INDEX_END
    split_one = single and index_name in texts
    made = replace(
        plan,
        tensors=tuple(rows),
        texts=texts,
        output=plan.output.with_name(index_name) if split_one else plan.output,
        shard_bytes=limit,
    )
    return _within_limits(made)


def whole(plan: Plan) -> Plan:
    """Return the plan before it was split; any other plan as it is."""
    indexes = {_index_of(file) for file in plan.files} - {""}
    if not indexes:
        return plan
    output = plan.output
    if output is not None and plan.has_index:
        output = output.with_name(output.name.removesuffix(".index.json"))
    rows = (
        replace(row, file="" if plan.has_index else _NUMBER.sub("", row.file))
        for row in plan.tensors
    )
    texts = {name: text for name, text in plan.texts.items() if name not in indexes}
    return replace(plan, tensors=tuple(rows), texts=texts, output=output)


def file_metadata(plan: Plan) -> Mapping[str, Mapping[str, str]]:
    """Return the metadata of each file of a set: all of it goes into the first one.

    A workflow of a megabyte is stored once; our reader joins the metadata of shards. Every file
    says ``format``, without which transformers refuses it; where the model does not, the first
    shard notes that it was added, and ``without_added`` takes it out again.
    """
    added = "format" not in plan.metadata
    mark = {"format": "pt", **({ADDED_KEY: "format"} if plan.has_index else {})} if added else {}
    first = {**plan.metadata, **mark}
    names = list(plan.files)
    return {name: {"format": first["format"]} for name in names} | dict.fromkeys(names[:1], first)


def file_plans(plan: Plan) -> Mapping[str, Plan]:
    """Return the plan of each file of a set, by its name; empty where the output is one file."""
    metadata = file_metadata(plan)
    return {
        name: replace(
            plan,
            tensors=tuple(replace(row, file="") for row in rows),
            metadata=metadata[name],
            output=None if plan.folder is None else plan.folder / name,
            texts={},
            shard_bytes=0,
        )
        for name, rows in plan.files.items()
    }


def without_added(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the joined metadata of shards without what was added for loaders."""
    extra = {ADDED_KEY, metadata[ADDED_KEY]} if ADDED_KEY in metadata else set()
    return {key: value for key, value in metadata.items() if key not in extra}


def older_shards(plan: Plan, names: Iterable[str]) -> list[str]:
    """Return those of some names that belong to another set of shards of the name of this output.

    Its index is among them where this output is one file.
    """
    if plan.output is None or not (plan.has_index or plan.shard_bytes):
        return []
    index = _stem(plan.output.name) + INDEX_END
    ours = {*plan.files, *plan.texts}
    return sorted(name for name in names if name not in ours and index in {name, _index_of(name)})


def _stem(name: str) -> str:
    for end in (INDEX_END, *_ENDS):
        if name.lower().endswith(end):
            return name[: -len(end)]
    return name


def _index_of(shard: str) -> str:
    """Return the name of the index that lists a shard, "" for other names."""
    plain, count = _NUMBER.subn("", shard)
    return _stem(plain) + INDEX_END if count else ""


def _split(
    rows: Sequence[PlannedTensor], stem: str, limit: int
) -> tuple[Sequence[PlannedTensor], Mapping[str, str]]:
    shards: list[list[PlannedTensor]] = [[]]
    size = 0
    for row in rows:
        if shards[-1] and size + row.nbytes > limit:
            shards.append([])
            size = 0
        shards[-1].append(row)
        size += row.nbytes
    if len(shards) == 1:
        return rows, {}
    files = [
        f"{stem}-{number:05}-of-{len(shards):05}.safetensors"
        for number in range(1, len(shards) + 1)
    ]
    named = [
        replace(row, file=file) for file, shard in zip(files, shards, strict=True) for row in shard
    ]
    return named, {stem + INDEX_END: _index(named)}


def _index(rows: Sequence[PlannedTensor]) -> str:
    document = {
        "metadata": {"total_size": sum(row.nbytes for row in rows)},
        "weight_map": {row.name: row.file.rpartition("/")[2] for row in rows},
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _within_limits(plan: Plan) -> Plan:
    count = len(plan.files)
    if count <= MOST_FILES:
        return plan
    least = -(-plan.data_bytes // (MOST_FILES // 2))
    problem = error(
        f"This would make {counted(count, 'file')}; {MOST_FILES} are the most.",
        f"Allow more for each file, such as {binary_size(least)}.",
        "too-many-files",
    )
    return replace(plan, problems=(*plan.problems, problem))
