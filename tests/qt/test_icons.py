"""Icons that our own engines paint."""

import subprocess
import sys

from PySide6.QtCore import QSize

from ckpt_studio.qt.delegates import part_icon
from ckpt_studio.qt.icons import icon

COLLECT = """
import gc
from PySide6.QtWidgets import QApplication
from ckpt_studio.qt.delegates import part_icon
from ckpt_studio.qt.icons import icon

class Holder:
    pass

app = QApplication([])
for _ in range(100):
    for make in (lambda: icon("close"), lambda: part_icon("unet")):
        holder = Holder()
        holder.icon, holder.itself = make(), holder
        assert not holder.icon.pixmap(16, 16).isNull()
    del holder
    gc.collect()
print("alive")
"""


def test_icons_in_cycles_of_objects_are_collected_without_a_crash():
    result = subprocess.run(
        [sys.executable, "-c", COLLECT], capture_output=True, text=True, check=False
    )
    assert result.stdout == "alive\n", result.stderr


def test_an_icon_without_room_is_no_picture_and_no_complaint(qtbot):
    for made in (icon("close"), part_icon("unet")):
        assert made.pixmap(QSize(0, 0)).isNull()
        assert made.pixmap(QSize(16, 0)).isNull()
