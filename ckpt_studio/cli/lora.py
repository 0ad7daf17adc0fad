"""``lora``: extract a LoRA from two models, join several into one, change the rank of one."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path

from ckpt_studio.cli import merge_options, options, output_options
from ckpt_studio.cli.carry_out import carry_out
from ckpt_studio.cli.command import Answer, Command, UsageError
from ckpt_studio.cli.job import job
from ckpt_studio.core.lora.recipes import ExtractLora, LoraRecipe, MergeLoras, ResizeLora
from ckpt_studio.core.recipe import MetadataChoice, Output, Precision
from ckpt_studio.engine import with_ranks

_RANK, _MOST_RANK = 32, 128

Make = Callable[[Namespace], LoraRecipe]


def _arguments(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    def add(name: str, summary: str, example: str, make: Make) -> ArgumentParser:
        made = actions.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"example:\n  ckpt-studio lora {name} {example}",
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        made.set_defaults(make=make, parser=made)
        return made

    example = "base.safetensors tuned.safetensors --rank 32 -o tuned_lora.safetensors"
    extract = add("extract", "write what changed from A to B as a LoRA", example, _extract)
    extract.add_argument("a", type=options.path, metavar="A", help="the model it started from")
    extract.add_argument("b", type=options.path, metavar="B", help="the model it became")
    extract.add_argument(
        "--rank", type=_rank, metavar="N", help="default 32; with --energy the most, default 128"
    )
    extract.add_argument(
        "--conv-rank",
        type=_rank_or_none,
        metavar="N",
        help="of convolutions larger than 1 × 1 (default: as --rank); 0 leaves them out",
    )
    extract.add_argument("--no-te", action="store_true", help="leave out text encoders")
    extract.add_argument(
        "--vectors", action="store_true", help="keep changes of norms and biases, as ComfyUI reads"
    )
    _output(extract)
    example = "style.safetensors:0.7 detail.safetensors:0.4 -o both.safetensors"
    merge = add("merge", "write the sum of LoRAs as one", example, _merge)
    merge.add_argument(
        "loras",
        type=merge_options.lora,
        nargs="+",
        metavar="FILE[:STRENGTH[:TE]]",
        help="TE is the strength for text encoders",
    )
    merge.add_argument(
        "--rank",
        type=_rank,
        metavar="N",
        help="write the nearest LoRA of this rank; the exact sum has the sum of ranks",
    )
    _output(merge)
    example = "large.safetensors --rank 16 -o small.safetensors"
    resize = add("resize", "write a LoRA with another rank", example, _resize)
    resize.add_argument("file", type=options.path, metavar="FILE")
    resize.add_argument("--rank", type=_rank, metavar="N", help="with --energy: the most")
    _output(resize)


def _output(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--energy",
        type=_share,
        metavar="SHARE",
        help="give each module the least rank that keeps this share of its change, as 0.95; all "
        "files are read once more for it",
    )
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help="the file to write")
    parser.add_argument(
        "--dtype",
        type=_precision,
        default=Precision.FP16,
        metavar="DTYPE",
        help="fp32, fp16 (default) or bf16",
    )
    parser.add_argument(
        "--set",
        type=options.assignment,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="set a key of the metadata; an empty value removes it (repeatable)",
    )
    options.add_recipe_in_metadata(parser)
    options.add_on_overflow(parser)
    options.add_plan(parser)
    options.add_writing(parser)
    options.add_save_recipe(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object for machines")
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")


def _extract(arguments: Namespace) -> LoraRecipe:
    return ExtractLora(
        a=arguments.a,
        b=arguments.b,
        rank=arguments.rank or (_RANK if arguments.energy is None else _MOST_RANK),
        energy=arguments.energy,
        conv_rank=arguments.conv_rank,
        te=not arguments.no_te,
        vectors=arguments.vectors,
        precision=arguments.dtype,
        on_overflow=arguments.on_overflow,
        metadata=_metadata(arguments),
        output=_place(arguments),
    )


def _merge(arguments: Namespace) -> LoraRecipe:
    return MergeLoras(
        loras=tuple(arguments.loras),
        rank=arguments.rank,
        energy=arguments.energy,
        precision=arguments.dtype,
        on_overflow=arguments.on_overflow,
        metadata=_metadata(arguments),
        output=_place(arguments),
    )


def _resize(arguments: Namespace) -> LoraRecipe:
    if arguments.rank is None and arguments.energy is None:
        raise UsageError("say the new rank: --rank N or --energy SHARE")
    return ResizeLora(
        source=arguments.file,
        rank=arguments.rank,
        energy=arguments.energy,
        precision=arguments.dtype,
        on_overflow=arguments.on_overflow,
        metadata=_metadata(arguments),
        output=_place(arguments),
    )


def _metadata(arguments: Namespace) -> MetadataChoice:
    return MetadataChoice(edits=tuple(arguments.set), recipe=arguments.recipe_in_metadata)


def _place(arguments: Namespace) -> Output:
    path = output_options.output_path(arguments.output, folder=False)
    return Output(path=path, overwrite=arguments.overwrite)


def _precision(text: str) -> Precision:
    known = {Precision.FP32, Precision.FP16, Precision.BF16}
    if text.lower() not in known:
        raise ArgumentTypeError(f"‘{text}’ is none of fp32, fp16, bf16")
    return Precision(text.lower())


def _rank(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise ArgumentTypeError(f"‘{text}’ is no rank, 1 or more")
    return number


def _share(text: str) -> float:
    share = merge_options.number(text)
    if not 0 < share <= 1:
        raise ArgumentTypeError(f"‘{text}’ is no share, above 0 and up to 1")
    return share


def _rank_or_none(text: str) -> int:
    return 0 if text == "0" else _rank(text)


def _run(arguments: Namespace) -> Answer:
    make: Make = arguments.make
    write_options = options.write_options(arguments)
    keep: Path | None = arguments.save_recipe
    recipe = make(arguments)
    if recipe.energy is not None:
        with job(arguments) as (progress, cancel):
            recipe = with_ranks(recipe, threads=arguments.threads, progress=progress, cancel=cancel)
    return carry_out([recipe], arguments, write_options, save_recipe=keep)


COMMAND = Command(
    example="  ckpt-studio lora extract base.safetensors tuned.safetensors -o lora.safetensors\n"
    "  ckpt-studio lora merge style.safetensors:0.7 detail.safetensors:0.4 -o both.safetensors\n"
    "  ckpt-studio lora resize large.safetensors --rank 16 -o small.safetensors",
    add_arguments=_arguments,
    run=_run,
)
