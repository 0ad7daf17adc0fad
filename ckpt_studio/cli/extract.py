"""``extract``: parts of a checkpoint as files of their own."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ckpt_studio.cli import options
from ckpt_studio.cli.carry_out import carry_out
from ckpt_studio.cli.command import Answer, Command, UsageError
from ckpt_studio.cli.printing import printable
from ckpt_studio.core.assembly.separate_files import folder_of, require_inside
from ckpt_studio.core.assembly.source_names import stem
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.families.part_names import is_text_encoder
from ckpt_studio.core.recipe import Extract, Output
from ckpt_studio.core.recognition import FoundPart
from ckpt_studio.engine import open_checkpoint


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=options.path, metavar="FILE")
    parser.add_argument(
        "--parts",
        default="all",
        metavar="PARTS",
        help="unet, vae, clip_l, … with commas between; te: all text encoders (default: all)",
    )
    parser.add_argument(
        "-o",
        "--output-dir",
        type=options.path,
        default=Path(),
        metavar="DIR",
        help="folder for the files, each named FILE_PART.safetensors (default: here)",
    )
    parser.add_argument(
        "--folders",
        action="store_true",
        help="put them into diffusion_models/, text_encoders/, vae/ and clip_vision/ below it, "
        "where ComfyUI looks for them",
    )
    options.add_names(parser)
    options.add_shards(parser)
    options.add_family(parser)
    options.add_precision(parser)
    options.add_plan(parser)
    options.add_writing(parser)


def _run(arguments: Namespace) -> Answer:
    found = open_checkpoint(arguments.file).recognition.parts
    names = dict(arguments.name)
    chosen = _chosen(arguments.parts, found, arguments.file)
    options.require_written(arguments.name, chosen)
    for option in ("target", "prediction", "ema"):
        if getattr(arguments, option) and "unet" not in chosen:
            raise UsageError(f"--{option} is for the diffusion model, which is not written")
    for part, name in names.items():
        if not name:
            raise UsageError(f"--name {part}=: there is no name; --parts says what is written")
        require_inside(part, name)
    recipes = [_recipe(arguments, part, names.get(part)) for part in chosen]
    return carry_out(recipes, arguments, options.write_options(arguments))


def _recipe(arguments: Namespace, part: str, name: str | None) -> Extract:
    folder = arguments.output_dir / folder_of(part) if arguments.folders else arguments.output_dir
    model = part == "unet"
    return Extract(
        source=arguments.file,
        part=part,
        precision=arguments.dtype,
        on_overflow=arguments.on_overflow,
        output=Output(
            path=folder / (name or f"{stem(arguments.file)}_{part}.safetensors"),
            overwrite=arguments.overwrite,
            shard_bytes=arguments.max_shard_size,
        ),
        target=arguments.target if model else None,
        prediction=arguments.prediction if model else None,
        ema=arguments.ema and model,
    )


def _chosen(wanted: str, found: tuple[FoundPart, ...], file: Path) -> list[str]:
    names = list(dict.fromkeys(part.part for part in found))
    if not names:
        raise PlanError(f"{printable(file.name)} holds no part that this program knows.")
    groups = {"*": names, "te": [name for name in names if is_text_encoder(name)]}
    chosen: dict[str, None] = {}
    for word in options.part_names(wanted):
        group = groups.get(word, [word] if word in names else [])
        if not group:
            raise PlanError(
                f"{printable(file.name)} has no part ‘{word}’.", f"It has {', '.join(names)}."
            )
        chosen.update(dict.fromkeys(group))
    return list(chosen)


COMMAND = Command(
    example="  ckpt-studio extract sdxl.safetensors --parts unet,vae -o parts/\n"
    "  ckpt-studio extract sdxl.safetensors --folders -o ComfyUI/models",
    add_arguments=_arguments,
    run=_run,
)
