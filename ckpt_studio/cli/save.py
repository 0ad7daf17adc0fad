"""``save``: one checkpoint from parts."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ckpt_studio.cli import options, output_options
from ckpt_studio.cli.carry_out import carry_out
from ckpt_studio.cli.command import Answer, Command, UsageError
from ckpt_studio.core.recipe import Assemble, Layout, Output


def _arguments(parser: ArgumentParser) -> None:
    _add_parts(parser)
    _add_output(parser)
    options.add_family(parser)
    parser.add_argument(
        "--allow-missing", action="store_true", help="save although whole parts are missing"
    )
    options.add_precision(parser)
    options.add_metadata(parser)
    options.add_plan(parser)
    options.add_writing(parser)
    options.add_save_recipe(parser)


def _add_parts(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("parts")
    group.add_argument(
        "--model", type=options.path, metavar="FILE", help="UNet or diffusion transformer"
    )
    group.add_argument(
        "--text-encoder",
        type=options.path,
        action="append",
        default=[],
        metavar="FILE",
        help="a text encoder (repeatable)",
    )
    group.add_argument("--vae", type=options.path, metavar="FILE")
    group.add_argument("--clip-vision", type=options.path, metavar="FILE")
    group.add_argument(
        "--from",
        type=options.path,
        dest="base",
        metavar="FILE",
        help="a whole checkpoint; it fills every part not named",
    )


def _add_output(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("-o", "--output", metavar="OUT", help="the file to write")
    group.add_argument(
        "--separate",
        action="store_true",
        help="each part as a file of its own: OUT is a folder, the files go into "
        "diffusion_models/, text_encoders/, vae/ and clip_vision/ below it",
    )
    options.add_names(group)
    output_options.add_layout(group)
    group.add_argument(
        "--filename-prefix",
        metavar="PREFIX",
        help=f"ComfyUI's naming instead (default {Output().prefix}): subfolders, %%year%%, "
        "the next free number",
    )
    group.add_argument(
        "--output-dir", type=options.path, metavar="DIR", help="folder for the prefix"
    )
    options.add_shards(parser)


def _run(arguments: Namespace) -> Answer:
    parts = (arguments.model, *arguments.text_encoder, arguments.vae, arguments.clip_vision)
    if arguments.base is None and not any(parts):
        raise UsageError("name at least one part: --model, --text-encoder, --vae or --from")
    recipe = Assemble(
        model=arguments.model,
        text_encoders=tuple(arguments.text_encoder),
        vae=arguments.vae,
        clip_vision=arguments.clip_vision,
        base=arguments.base,
        target=arguments.target,
        prediction=arguments.prediction,
        precision=arguments.dtype,
        on_overflow=arguments.on_overflow,
        allow_missing=arguments.allow_missing,
        ema=arguments.ema,
        metadata=options.metadata(arguments),
        output=_output(arguments),
    )
    write_options = options.write_options(arguments)
    return carry_out([recipe], arguments, write_options, save_recipe=arguments.save_recipe)


def _output(arguments: Namespace) -> Output:
    named = arguments.filename_prefix is not None or arguments.output_dir is not None
    if arguments.output is not None:
        if named:
            raise UsageError("-o names the file; --filename-prefix and --output-dir do not fit")
        return _named_output(arguments)
    if arguments.separate:
        raise UsageError("--separate needs a folder: -o DIR")
    if not named and not arguments.dry_run:
        raise UsageError("say where to: -o OUT, or --filename-prefix and --output-dir")
    return Output(
        prefix=Output().prefix if arguments.filename_prefix is None else arguments.filename_prefix,
        folder=arguments.output_dir or Path(),
        overwrite=arguments.overwrite,
        layout=Layout(arguments.layout),
        shard_bytes=arguments.max_shard_size,
    )


def _named_output(arguments: Namespace) -> Output:
    layout = Layout(arguments.layout)
    if arguments.separate and layout is Layout.DIFFUSERS:
        raise UsageError("--separate and --layout diffusers are two ways to write a folder")
    if arguments.name and not arguments.separate:
        raise UsageError("--name is for --separate; -o names the file")
    layout = Layout.PARTS if arguments.separate else layout
    return Output(
        path=output_options.output_path(arguments.output, folder=layout is not Layout.FILE),
        overwrite=arguments.overwrite,
        layout=layout,
        shard_bytes=arguments.max_shard_size,
        names=dict(arguments.name),
    )


COMMAND = Command(
    example="  ckpt-studio save --model unet.safetensors --text-encoder clip_l.safetensors \\\n"
    "      --text-encoder clip_g.safetensors --vae vae.safetensors \\\n"
    "      --dtype unet=fp16,te=fp16,vae=keep -o sdxl.safetensors\n"
    "  ckpt-studio save --from old.safetensors --vae better_vae.safetensors -o new.safetensors",
    add_arguments=_arguments,
    run=_run,
)
