"""The layers, and what each way of starting the program may load."""

import subprocess
import sys
from pathlib import Path

import ckpt_studio

PACKAGE = Path(ckpt_studio.__file__).parent
ROOT = PACKAGE.parent

WITHOUT_QT = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"PySide6", "shiboken6", "qtawesome", "qtpy"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


def python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def loaded_by(code):
    """Names of the top-level packages in memory after some code has run."""
    done = python(f"import sys\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_imports_point_downwards():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_verbs_load_neither_torch_nor_qt():
    loaded = loaded_by("import ckpt_studio.engine, ckpt_studio.cli.main")
    assert not loaded & {"torch", "numpy", "safetensors", "PySide6", "qtawesome"}


def test_the_window_opens_without_torch():
    loaded = loaded_by(
        "import os; os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
        "from ckpt_studio.app.application import create_window\n"
        "window = create_window([])\n"
        "window.show()\n"
    )
    assert "PySide6" in loaded
    assert not loaded & {"torch", "numpy"}


def test_the_whole_command_line_works_without_qt(tmp_path):
    code = f"""{WITHOUT_QT}
import numpy, sys
from safetensors.numpy import save_file
from ckpt_studio.cli.main import run
source, out = sys.argv[1:]
save_file({{"layer.weight": numpy.ones((4, 4), "f4")}}, source)
for arguments in (
    ["inspect", source],
    ["convert", source, "-o", out, "--dtype", "bf16"],
    ["meta", "set", out, "title=x"],
    ["hash", out],
):
    code = run(arguments)
    if code:
        sys.exit(f"{{arguments}} gave {{code}}")
"""
    done = python(code, tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b.safetensors").exists()


def test_the_window_without_qt_is_a_sentence():
    code = f"""{WITHOUT_QT}
from ckpt_studio.__main__ import main
sys.argv = ["ckpt-studio"]
sys.exit(main())
"""
    done = python(code)
    assert done.returncode == 1
    assert done.stderr.startswith("ckpt-studio: The window needs PySide6")
    assert "Traceback" not in done.stderr


def test_no_module_is_longer_than_400_lines():
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("ckpt_studio", "resources", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert long == {}
