"""Torch is loaded only when needed, waited for only as long as wanted, and missed politely."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
START = """
import sys
from pathlib import Path
from ckpt_studio.core.errors import Cancelled, WriteError
from ckpt_studio.core.expr import cast, read
from ckpt_studio.core.progress import CancelToken
from ckpt_studio.core.tensors import DType
from ckpt_studio.engine.writing import write
from tests.making.plans import plan_for, write_source
folder = Path(sys.argv[1])
source = write_source(folder / "source.safetensors", {"w": ("F32", [4], bytes(16))})
rows = {"w": cast(read(0, source.tensors["w"]), DType.F16)}
plan = plan_for((source,), rows, folder / "out.safetensors")
token = CancelToken()
"""
CANCEL = """
import threading
go = threading.Event()
class Endless:  # torch that is imported when it is told to
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print("begun", flush=True)
            go.wait(60)
            raise ImportError(name)
sys.meta_path.insert(0, Endless())
try:
    write(plan, progress=lambda _: token.cancel(), cancel=token)
except Cancelled:
    print(not go.is_set(), *(path.name for path in folder.iterdir()))
go.set()
"""
MISSING = """
sys.modules["torch"] = None
try:
    write(plan)
except WriteError as problem:
    print(problem.message, problem.hint, *(path.name for path in folder.iterdir()))
"""
WHOLE = """
import threading
write(plan, cancel=token)
import torch
print(torch.get_num_threads() == before_threads(), threading.active_count())
"""
BEFORE = """
def before_threads():
    import subprocess
    script = "import torch; print(torch.get_num_threads())"
    return int(subprocess.run([sys.executable, "-c", script], capture_output=True).stdout)
"""


def run(folder: Path, script: str) -> str:
    command = [sys.executable, "-c", START + script, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_a_cancel_does_not_wait_for_torch(tmp_path: Path) -> None:
    assert run(tmp_path, CANCEL) == "begun\nTrue source.safetensors\n"


def test_without_torch_a_sentence_says_so(tmp_path: Path) -> None:
    said = run(tmp_path, MISSING)
    assert said.startswith("Converting needs torch, which cannot be loaded")
    assert "Install torch, or keep the precision of all parts." in said
    assert said.endswith(" source.safetensors\n")


def test_torch_gets_its_threads_back(tmp_path: Path) -> None:
    assert run(tmp_path, BEFORE + WHOLE) == "True 1\n"
