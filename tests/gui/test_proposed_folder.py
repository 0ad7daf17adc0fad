"""Where a new checkpoint is proposed to go: into the folder that the user's program has for it."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit

from ckpt_studio.app.settings import LAST_FOLDER, Settings
from tests.gui.acting import drop, named, wait_for_plan


@pytest.fixture
def programs(tmp_path):
    for name in ("ComfyUI/models/checkpoints", "ComfyUI/models/vae", "forge/models/VAE"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("forge/modules_forge", "forge/models/Stable-diffusion", "plain", "last"):
        (tmp_path / name).mkdir()
    return tmp_path


def proposed(window):
    return Path(named(window, "outputPath", QLineEdit).text())


def found(qtbot, window):
    qtbot.waitUntil(lambda: not window.folders.busy)


def test_the_first_program_that_has_a_folder_for_it_gets_the_checkpoint(
    qtbot, window, programs, folder
):
    drop(window, folder / "whole.safetensors")
    wait_for_plan(qtbot, window)
    assert proposed(window).parent == folder
    window.folders.add((programs / "ComfyUI", programs / "forge"))
    found(qtbot, window)
    assert proposed(window) == programs / "ComfyUI/models/checkpoints/whole_custom.safetensors"
    assert window.folders.proposed_folder("vae") == programs / "ComfyUI/models/vae"
    assert window.folders.proposed_folder("unet") == programs / "forge/models/Stable-diffusion"
    assert window.folders.proposed_folder("clip_l") is None
    wait_for_plan(qtbot, window)


def test_another_program_or_the_folder_used_last_can_be_chosen(
    qtbot, open_window, programs, folder
):
    settings = Settings()
    settings.model_folders = (programs / "ComfyUI", programs / "forge")
    settings.output_folder = str(programs / "last")
    window = open_window(folder / "whole.safetensors")
    found(qtbot, window)
    wait_for_plan(qtbot, window)
    assert proposed(window).parent == programs / "ComfyUI/models/checkpoints"
    window.folders.save_to(str(programs / "forge"))
    assert proposed(window).parent == programs / "forge/models/Stable-diffusion"
    window.folders.save_to(LAST_FOLDER)
    assert proposed(window).parent == programs / "last"
    wait_for_plan(qtbot, window)


def test_a_path_that_the_user_gave_stays(qtbot, window, programs, folder):
    drop(window, folder / "whole.safetensors")
    wait_for_plan(qtbot, window)
    mine = programs / "mine.safetensors"
    window.saving.output.set_path(mine)
    window.folders.add((programs / "ComfyUI",))
    found(qtbot, window)
    assert proposed(window) == mine
    wait_for_plan(qtbot, window)
