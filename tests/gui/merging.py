"""What a person does with the Merge panel, and models small enough to be merged in a moment."""

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QPushButton

from ckpt_studio.app.main_window import MERGE
from ckpt_studio.formats.safetensors import read_checkpoint
from ckpt_studio.qt.block_curve import BlockCurve
from tests.gui.acting import drop, in_dialog, named
from tests.making.plans import write_source

START = "model.diffusion_model."
KEYS = (
    *(f"{START}input_blocks.{number}.0.weight" for number in range(3)),
    f"{START}middle_block.0.weight",
    *(f"{START}output_blocks.{number}.0.weight" for number in range(3)),
    f"{START}out.2.weight",
)


def tiny(path, value, keys=KEYS, metadata=None):
    """Write a UNet of no known family whose values are all the same."""
    data = np.full((4, 4), value, "<f4").tobytes()
    write_source(path, {key: ("F32", [4, 4], data) for key in keys}, metadata)
    return path


def small_lora(path):
    """Write a LoRA for one layer of SD 1 and for one that it has not."""
    down, up = np.ones((1, 1280), "<f2").tobytes(), np.ones((1280, 1), "<f2").tobytes()
    tensors = {}
    for module in ("mid_block_attentions_0_proj_in", "nowhere"):
        tensors[f"lora_unet_{module}.lora_down.weight"] = ("F16", [1, 1280, 1, 1], down)
        tensors[f"lora_unet_{module}.lora_up.weight"] = ("F16", [1280, 1, 1, 1], up)
    write_source(path, tensors)
    return path


def bake(path):
    """Write a LoRA that adds 1 to every value of two layers of a tiny model."""
    down, up = np.ones((1, 4), "<f4").tobytes(), np.ones((4, 1), "<f4").tobytes()
    tensors = {}
    for layer in ("input_blocks.1.0", "output_blocks.0.0"):
        tensors[f"diffusion_model.{layer}.lora_down.weight"] = ("F32", [1, 4], down)
        tensors[f"diffusion_model.{layer}.lora_up.weight"] = ("F32", [4, 1], up)
    write_source(path, tensors)
    return path


def values_of(path):
    """The value of each tensor of a tiny model, by the end of its name."""
    checkpoint, data = read_checkpoint(path), path.read_bytes()
    found = {}
    for name, info in checkpoint.tensors.items():
        held = np.frombuffer(data[info.offset : info.offset + info.nbytes], "<f4")
        assert len(set(held.tolist())) == 1
        found[name.removeprefix(START).removesuffix(".weight")] = round(float(held[0]), 5)
    return found


def show(qtbot, window, *paths):
    """Show the panel and drop files on the window."""
    window.show_panel(MERGE)
    if paths:
        drop(window, *paths)
        wait(qtbot, window)
    return named(window, "mergePanel")


def wait(qtbot, window):
    """Wait until files are open and the plan is there."""
    merging = window.merging
    qtbot.waitUntil(
        lambda: not (window.sources.busy or merging.choices.planning or merging.recipes.busy),
        timeout=15_000,
    )


def save(qtbot, window):
    """Merge, agree to the plan, and wait for the result."""
    in_dialog("savePlan", lambda dialog: dialog.findChild(QPushButton, "planSave").click())
    press(window, "mergeSaveButton")
    qtbot.waitUntil(lambda: named(window, "mergeResult").isVisible(), timeout=60_000)
    wait(qtbot, window)


def planned(qtbot, window):
    wait(qtbot, window)
    plan = window.merging.choices.plan
    assert plan is not None, named(window, "mergePlan").sentences
    return plan


def recipe(window):
    return window.merging.choices.draft.recipe


def press(window, name):
    button = named(window, name, QAbstractButton)
    assert button.isVisible(), f"{name} is not visible"
    assert button.isEnabled(), f"{name} is not enabled: {button.toolTip()}"
    spot = QPoint(10, button.height() // 2)  # on the box of a check box
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=spot)


def type_in(window, name, text):
    field = named(window, name, QLineEdit)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)


def said(window, name):
    return named(window, name, QLabel).text()


def curve(window):
    return named(window, "blockCurve", BlockCurve)
