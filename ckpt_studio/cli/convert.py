"""``convert``: the same tensors in another precision, or in other files."""

from argparse import ArgumentParser, Namespace

from ckpt_studio.cli import options, output_options
from ckpt_studio.cli.carry_out import carry_out
from ckpt_studio.cli.command import Answer, Command
from ckpt_studio.core.recipe import Convert, Layout, Output


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file", type=options.path, metavar="FILE", help="a model file, an index of shards, a folder"
    )
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        help="the file to write; .ckpt, .pt, .pth and .bin give a PyTorch file",
    )
    output_options.add_layout(parser)
    _add_tidying(parser)
    options.add_shards(parser)
    options.add_precision(parser)
    options.add_metadata(parser)
    options.add_plan(parser)
    options.add_writing(parser)


def _add_tidying(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("tidying")
    group.add_argument(
        "--prune",
        action="store_true",
        help="leave out what training left behind: EMA weights, noise schedules, optimiser states",
    )
    group.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="NAME",
        help="leave out a tensor; its whole name is needed (repeatable)",
    )
    group.add_argument(
        "--fix-position-ids",
        action="store_true",
        help="write the position numbers of text encoders anew: merging may have broken them",
    )


def _run(arguments: Namespace) -> Answer:
    layout = Layout(arguments.layout)
    recipe = Convert(
        source=arguments.file,
        precision=arguments.dtype,
        on_overflow=arguments.on_overflow,
        metadata=options.metadata_edits(arguments),
        output=Output(
            path=output_options.output_path(arguments.output, folder=layout is Layout.DIFFUSERS),
            overwrite=arguments.overwrite,
            layout=layout,
            shard_bytes=arguments.max_shard_size,
        ),
        drop=tuple(arguments.drop),
        prune=arguments.prune,
        fix_position_ids=arguments.fix_position_ids,
    )
    return carry_out([recipe], arguments, options.write_options(arguments))


COMMAND = Command(
    example="  ckpt-studio convert model.safetensors -o model_fp16.safetensors --dtype fp16\n"
    "  ckpt-studio convert flux.safetensors -o small.safetensors --dtype unet=fp8_e4m3fn\n"
    "  ckpt-studio convert flux.safetensors -o shards/flux.safetensors --max-shard-size 5GB\n"
    "  ckpt-studio convert shards/flux.safetensors.index.json -o whole.safetensors\n"
    "  ckpt-studio convert sdxl.safetensors -o sdxl --layout diffusers",
    add_arguments=_arguments,
    run=_run,
)
