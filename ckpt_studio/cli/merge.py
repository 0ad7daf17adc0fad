"""``merge``: compute a model from others, with LoRAs and a VAE in the same pass."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace

from ckpt_studio.cli import merge_options, options, output_options
from ckpt_studio.cli.carry_out import carry_out
from ckpt_studio.cli.command import Answer, Command, UsageError
from ckpt_studio.cli.merge_methods import blocks_answer, methods_answer
from ckpt_studio.core.merging.partitions import partition
from ckpt_studio.core.merging.series import series_names
from ckpt_studio.core.merging.tables import keys_of
from ckpt_studio.core.merging.weights_text import parse_weights
from ckpt_studio.core.recipe import MERGED, Merge, Output
from ckpt_studio.engine import open_checkpoint


def _arguments(parser: ArgumentParser) -> None:
    merge_options.add_inputs(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="the file to write; with several values of alpha, {alpha} in the name is each of them",
    )
    merge_options.add_values(parser)
    merge_options.add_more(parser)
    options.add_shards(parser)
    options.add_precision(parser)
    options.add_metadata(parser)
    options.add_plan(parser)
    options.add_writing(parser)
    options.add_save_recipe(parser)


def _run(arguments: Namespace) -> Answer:
    if arguments.methods:
        return methods_answer()
    if not arguments.models:
        raise UsageError("name the models to merge, A first")
    if arguments.list_blocks:
        return blocks_answer(arguments.models[0])
    if arguments.output is None and not arguments.dry_run:
        raise UsageError("say where to: -o OUT")
    if arguments.blocks and len(arguments.alpha or ()) > 1:
        raise UsageError("--blocks says alpha for each block; give one value of --alpha, or none")
    recipes = _recipes(arguments)
    if arguments.save_recipe is not None and len(recipes) > 1:
        raise UsageError("--save-recipe keeps one recipe; give one value of alpha")
    write_options = options.write_options(arguments)
    return carry_out(recipes, arguments, write_options, save_recipe=arguments.save_recipe)


def _recipes(arguments: Namespace) -> list[Merge]:
    alphas: Sequence[float] = arguments.alpha or ()
    recipe = _with_blocks(_recipe(arguments), arguments)
    if len(alphas) <= 1:
        return [_with_alpha(recipe, each) for each in alphas] or [recipe]
    if arguments.output is None:
        return [_with_alpha(recipe, each) for each in alphas]
    names = series_names(arguments.output, alphas)
    if len(set(names)) < len(names):
        raise UsageError("two values of alpha would go to one file")
    return [
        replace(
            _with_alpha(recipe, alpha),
            output=replace(recipe.output, path=output_options.output_path(name, folder=False)),
        )
        for alpha, name in zip(alphas, names, strict=True)
    ]


def _with_alpha(recipe: Merge, alpha: float) -> Merge:
    return replace(recipe, parameters={"alpha": alpha, **recipe.parameters})


def _recipe(arguments: Namespace) -> Merge:
    parameters = dict(arguments.param)
    _require_once("--param", [name for name, _ in arguments.param])
    _require_once("--part", [option.part for option in arguments.part])
    for name in ("alpha", "beta", "gamma"):
        if getattr(arguments, name) is not None and name in parameters:
            raise UsageError(f"--{name} and --param {name}=… say the same")
    for name in ("beta", "gamma"):
        if getattr(arguments, name) is not None:
            parameters[name] = getattr(arguments, name)
    several = arguments.alpha is not None and len(arguments.alpha) > 1
    path = None if arguments.output is None or several else arguments.output
    return Merge(
        models=tuple(arguments.models),
        method=_method(arguments),
        parameters=parameters,
        partition=arguments.partition,
        parts={
            option.part: option.choice if option.value is None else MERGED
            for option in arguments.part
        },
        part_values={
            option.part: {"alpha": option.value}
            for option in arguments.part
            if option.value is not None
        },
        rules=tuple(arguments.rule),
        vae=arguments.vae,
        adjust=tuple(arguments.adjust),
        seed=arguments.seed,
        prune=arguments.prune,
        precision=arguments.dtype,
        on_overflow=arguments.on_overflow,
        metadata=options.metadata_edits(arguments),
        output=Output(
            path=None if path is None else output_options.output_path(path, folder=False),
            overwrite=arguments.overwrite,
            shard_bytes=arguments.max_shard_size,
        ),
    )


def _require_once(option: str, names: Sequence[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{option} {twice}=… is given twice")


def _method(arguments: Namespace) -> str:
    """Return the method; one model alone is copied, with what is baked into it."""
    alone = len(arguments.models) == 1 and arguments.method == "weighted_sum"
    return "copy" if alone else str(arguments.method)


def _with_blocks(recipe: Merge, arguments: Namespace) -> Merge:
    """Return a recipe with weights for parameters and LoRAs by the blocks of the first model."""
    if len(arguments.lora_blocks) > len(arguments.lora):
        raise UsageError("there are more --lora-blocks than --lora")
    if not arguments.blocks and not arguments.lora_blocks:
        return replace(recipe, loras=tuple(arguments.lora))
    opened = open_checkpoint(arguments.models[0])
    architecture = opened.recognition.architecture
    division = partition(arguments.partition, architecture, keys_of(opened))
    alpha = arguments.alpha[0] if arguments.alpha else 0.5
    blocks = {
        name: parse_weights(text, division, outside=alpha if name == "alpha" else 0.0)
        for name, text in map(_named, arguments.blocks)
    }
    weights = [
        parse_weights(text, division, outside=1.0) if text else () for text in arguments.lora_blocks
    ]
    weights += [()] * (len(arguments.lora) - len(weights))
    loras = (replace(each, blocks=own) for each, own in zip(arguments.lora, weights, strict=True))
    return replace(recipe, blocks=blocks, loras=tuple(loras))


def _named(text: str) -> tuple[str, str]:
    name, sign, weights = text.partition("=")
    return (name.strip(), weights) if sign else ("alpha", text)


COMMAND = Command(
    example="  ckpt-studio merge a.safetensors b.safetensors --alpha 0.3 -o ab.safetensors\n"
    "  ckpt-studio merge --method add_difference inpaint.safetensors mine.safetensors "
    "base.safetensors \\\n      --alpha 1 -o mine_inpaint.safetensors\n"
    "  ckpt-studio merge a.safetensors --lora style.safetensors:0.8 --dtype bf16 "
    "-o styled.safetensors\n"
    "  ckpt-studio merge a.safetensors b.safetensors --alpha 0.2,0.3,0.4 -o ab_{alpha}.safetensors",
    add_arguments=_arguments,
    run=_run,
)
