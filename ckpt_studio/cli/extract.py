"""``extract``: parts of a checkpoint as files of their own."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ckpt_studio.cli import options
from ckpt_studio.cli.carry_out import carry_out
from ckpt_studio.cli.command import Answer, Command
from ckpt_studio.cli.printing import printable
from ckpt_studio.core.errors import PlanError
from ckpt_studio.core.part_names import is_text_encoder
from ckpt_studio.core.recipe import Extract, MetadataChoice, Output
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
    options.add_precision(parser)
    options.add_plan(parser)
    options.add_writing(parser)


def _run(arguments: Namespace) -> Answer:
    found = open_checkpoint(arguments.file).recognition.parts
    recipes = [
        Extract(
            source=arguments.file,
            part=part,
            precision=arguments.dtype,
            on_overflow=arguments.on_overflow,
            metadata=MetadataChoice(),
            output=Output(
                path=arguments.output_dir / f"{arguments.file.stem}_{part}.safetensors",
                overwrite=arguments.overwrite,
            ),
        )
        for part in _chosen(arguments.parts, found, arguments.file)
    ]
    return carry_out(recipes, arguments, options.write_options(arguments))


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
    example="  ckpt-studio extract sdxl.safetensors --parts unet,vae -o parts/",
    add_arguments=_arguments,
    run=_run,
)
