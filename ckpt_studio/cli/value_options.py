"""The options of ``inspect`` that read values; what they ask for is loaded only when it is."""

from argparse import ArgumentParser, Namespace

from ckpt_studio.cli import options
from ckpt_studio.cli.command import UsageError
from ckpt_studio.core.pattern import compile_pattern


def add_options(parser: ArgumentParser) -> None:
    """Add the options that read values."""
    group = parser.add_argument_group("values")
    group.add_argument(
        "--stats",
        nargs="?",
        const="",
        metavar="PATTERN",
        help="range, mean, spread, zeros, NaN and values too large or small for fp16 and fp8, of "
        "all tensors or those whose name has the regular expression",
    )
    group.add_argument(
        "--health", action="store_true", help="read everything and say what may be wrong"
    )
    group.add_argument("--npy", metavar="NAME", help="save one tensor for NumPy; needs -o")
    group.add_argument("-o", "--output", type=options.new_file, metavar="OUT")
    group.add_argument(
        "--npy-raw", action="store_true", help="keep bf16 and fp8 as codes; they become fp32 else"
    )
    group.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    options.add_progress(parser)


def reads_values(arguments: Namespace) -> bool:
    """Whether any of the options was given."""
    return arguments.stats is not None or arguments.health or arguments.npy is not None


def check_usage(arguments: Namespace) -> None:
    """Refuse options that do not fit together.

    Raises:
        UsageError: they do not, the pattern is none, or no file is named.
    """
    if not arguments.files:
        told = f", before --stats: it took ‘{arguments.stats}’ as its pattern"
        said = f"say which FILE to inspect{told if arguments.stats else ''}"
        raise UsageError(f"{said}\nTry ‘ckpt-studio inspect --help’.")
    if (arguments.npy is None) is not (arguments.output is None):
        raise UsageError("--npy NAME and -o OUT go together")
    if arguments.npy is not None and len(arguments.files) > 1:
        raise UsageError("--npy saves a tensor of one file; name one")
    if (arguments.npy_raw or arguments.overwrite) and arguments.npy is None:
        raise UsageError("--npy-raw and --overwrite belong to --npy")
    if arguments.stats:
        try:
            compile_pattern(arguments.stats)
        except ValueError as error:
            raise UsageError(f"--stats ‘{arguments.stats}’ is no pattern: {error}") from error
