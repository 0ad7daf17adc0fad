"""Open a file in a process of its own, to see how long that takes and how much memory."""

import ast
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = """
import resource, sys, time
from pathlib import Path
from ckpt_studio.core.errors import FormatError
from ckpt_studio.formats.opening import read_any

def memory():  # what getrusage says begins with the memory of the process that forked
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) >> 10

before, said, found = memory(), "", None
start = time.process_time()
try:
    found = read_any(Path(sys.argv[1]))
except FormatError as problem:
    said = problem.message
took = time.process_time() - start
size = (len(found.tensors), found.size) if found else (0, 0)
print(ascii((*size, took, memory(), memory() - before, said)))
"""


@dataclass(frozen=True, slots=True)
class Opening:
    """What was found, the seconds of work, the most memory in MiB, its growth, and the refusal."""

    tensors: int
    size: int
    seconds: float
    memory: int
    growth: int
    refusal: str


def open_alone(path: Path) -> Opening:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, path], capture_output=True, text=True, check=True
    )
    return Opening(*ast.literal_eval(done.stdout))
