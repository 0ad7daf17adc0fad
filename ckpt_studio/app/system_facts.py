"""What this computer and this program are, for the status bar and for reports of problems."""

import os
import platform
import sys
from pathlib import Path

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication

from ckpt_studio import __version__
from ckpt_studio.core import text

_MEMINFO = Path("/proc/meminfo")
_PACKAGES = ("PySide6-Essentials", "torch", "safetensors", "qtawesome")


def memory_available() -> int | None:
    """Return the bytes of memory that programs can still get; None where it cannot be told."""
    try:
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return _memory_of_sysconf()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    words = fields.get("MemAvailable", "").split()
    return int(words[0]) * 1024 if words else None


def _memory_of_sysconf() -> int | None:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def system_information() -> str:
    """Return the facts that a report of a problem needs, one a line."""
    facts = {
        "Checkpoint Studio": __version__,
        "Python": sys.version.split()[0],
        "Qt": qVersion(),
        **{name: _version(name) for name in _PACKAGES},
        "System": platform.platform(),
        "Processor cores": str(os.cpu_count()),
        "Platform plugin": QGuiApplication.platformName(),
    }
    memory = memory_available()
    if memory is not None:
        facts["Memory free"] = text.binary_size(memory)
    screen = QGuiApplication.primaryScreen()
    if screen is not None:
        size = screen.size()
        facts["Screen"] = f"{size.width()} x {size.height()} at {screen.devicePixelRatio():g}"
    return "\n".join(f"{name}: {value}" for name, value in facts.items())


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - seldom asked

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
