"""All commands, in the order in which ``--help`` lists them."""

from ckpt_studio.cli.command import Command
from ckpt_studio.cli.convert import CONVERT
from ckpt_studio.cli.demo import DEMO
from ckpt_studio.cli.extract import EXTRACT
from ckpt_studio.cli.hash_files import HASH
from ckpt_studio.cli.inspect_files import INSPECT
from ckpt_studio.cli.meta import META
from ckpt_studio.cli.run_recipe import RUN
from ckpt_studio.cli.save import SAVE

COMMANDS: tuple[Command, ...] = (INSPECT, SAVE, EXTRACT, CONVERT, META, HASH, RUN, DEMO)
