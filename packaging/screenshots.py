"""Draw the pictures of the documentation: every panel in the dark and the light theme.

python packaging/screenshots.py FILES… writes docs/pictures/PANEL_THEME.png with those model files
in place, such as the ones that ``ckpt-studio demo`` makes. It needs no screen. With
``--compare A B`` it draws the Compare panel alone, with the values of two files compared, with
``--merge A B LORA…`` the Merge panel with two models of one family and LoRAs for them, and the LoRA
tools with the same models.
"""

import hashlib
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.application import application, create_window
from ckpt_studio.app.job_log import Record, State
from ckpt_studio.app.lora_dialog import LoraDialog
from ckpt_studio.app.main_window import (
    ASSEMBLE,
    COMPARE,
    JOBS,
    MERGE,
    METADATA,
    TENSORS,
    MainWindow,
)
from ckpt_studio.app.merging import ANYWHERE
from ckpt_studio.app.panels.compare import ComparePanel
from ckpt_studio.app.panels.metadata import MetadataPanel
from ckpt_studio.app.panels.metadata_import import ImportDialog
from ckpt_studio.app.panels.metadata_switch import MetadataView
from ckpt_studio.app.panels.metadata_table import MetadataTable
from ckpt_studio.core.comparison.compared_table import COLUMNS, Column
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.merging.draft import with_adjust, with_blocks, with_rules, with_values
from ckpt_studio.core.merging.presets import presets
from ckpt_studio.core.metadata import SetValue
from ckpt_studio.core.output_kinds import OutputKind
from ckpt_studio.core.plan import Report
from ckpt_studio.core.recipe import NameRule
from ckpt_studio.qt import theme
from ckpt_studio.qt.pictures import thumbnail_of

_PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
_OUTPUT = Path("ComfyUI/models/checkpoints/my_model.safetensors")  # the same on every computer
_LORA = Path("ComfyUI/models/loras/my_lora.safetensors")
_PANELS = {"assemble": ASSEMBLE, "tensors": TENSORS, "metadata": METADATA, "jobs": JOBS}
_MERGE_SIZE = (1280, 1360)
_SIZE = (1280, 800)
_COLORS, _MAP_COLORS = 64, 240
_OPENING_MS, _PAINTING_MS = 2_000, 300
_WORKFLOW = {
    "nodes": [
        {"id": 1, "type": "CheckpointLoaderSimple", "widgets_values": ["my_model.safetensors"]},
        {"id": 2, "type": "CLIPTextEncode", "title": "Prompt", "widgets_values": ["a red fox"]},
        {"id": 3, "type": "CLIPTextEncode", "title": "Not", "widgets_values": ["blurry"]},
        {
            "id": 4,
            "type": "KSampler",
            "inputs": [
                {"name": "model", "link": 1},
                {"name": "positive", "link": 2},
                {"name": "negative", "link": 3},
            ],
            "widgets_values": [5, "fixed", 20, 7, "euler", "normal", 1],
        },
        {"id": 5, "type": "VAEDecode"},
        {"id": 6, "type": "SaveImage", "mode": 2, "widgets_values": ["fox"]},
    ],
    "links": [[1, 1, 0, 4, 0, "MODEL"], [2, 2, 0, 4, 1, "C"], [3, 3, 0, 4, 2, "C"]],
    "version": 0.4,
}
_INFOTEXT = """a red fox in the snow
Negative prompt: blurry
Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 5, Size: 512x512, Model: my_model"""
_VIEWS = (MetadataView.FORM, MetadataView.JSON)


def main(files: list[str]) -> None:
    """Open the window off screen with the files, and grab each panel in each theme."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        window = create_window(files)
        window.resize(*_SIZE)
        window.show()
        _wait(_OPENING_MS)
        window.saving.output.set_path(_OUTPUT)
        _fill(window)
        _wait(_PAINTING_MS)
        _PICTURES.mkdir(parents=True, exist_ok=True)
        for scheme in (theme.Scheme.DARK, theme.Scheme.LIGHT):
            theme.apply(application(), scheme)
            _grab_panels(window, scheme)
        window.saving.output.set_kind(OutputKind.PARTS)
        window.show_panel(0)
        _wait(_OPENING_MS)
        for scheme in (theme.Scheme.DARK, theme.Scheme.LIGHT):
            theme.apply(application(), scheme)
            _wait(_PAINTING_MS)
            _save(window, "parts", scheme)
        window.session.undo_stack.setClean()
        window.session.new_checkpoint.undo_stack.setClean()
        window.close()


def _fill(window: MainWindow) -> None:
    """Put a workflow into the metadata and two jobs into the history."""
    window.session.new_checkpoint.edit(
        SetValue("workflow", json.dumps(_WORKFLOW)),
        SetValue("modelspec.title", "My model"),
        SetValue("modelspec.author", "Me"),
        SetValue("modelspec.thumbnail", thumbnail_of(_picture())),
    )
    sha256 = hashlib.sha256(b"example").hexdigest()
    done = Report(_OUTPUT, 6_938_046_000, 6.4, sha256, verified=True)
    full = CkptStudioError("The disk is full.", "Nothing was left behind. Choose another folder.")
    title = f"Saving {_OUTPUT.name}"
    command = "ckpt-studio save"
    window.jobs.bring_back(
        (
            Record(title, state=State.FAILED, error=full, command=command),
            Record(title, state=State.DONE, result=done, command=command),
        )
    )


def _grab_panels(window: MainWindow, scheme: theme.Scheme) -> None:
    for name, index in _PANELS.items():
        window.show_panel(index)
        _wait(_PAINTING_MS)
        table = window.findChild(MetadataTable, "metadataTable")
        if table is not None:
            table.select_keys(["workflow"])
            _wait(_PAINTING_MS)
        _save(window, name, scheme)
    panel = window.findChild(MetadataPanel, "metadataPanel")
    if panel is not None:
        window.show_panel(_PANELS["metadata"])
        for view in _VIEWS:
            panel.show_view(view)
            _wait(_PAINTING_MS)
            _save(window, f"metadata_{view.name.lower()}", scheme, _MAP_COLORS)
        panel.show_view(MetadataView.TABLE)
        _grab_import(panel, scheme)


def _grab_import(panel: MetadataPanel, scheme: theme.Scheme) -> None:
    with tempfile.TemporaryDirectory() as folder:
        picture, path = _picture(), Path(folder) / "fox.png"
        picture.setText("parameters", _INFOTEXT)
        picture.save(str(path))
        dialog = ImportDialog(path, {}, panel)
        dialog.show()
        _wait(_OPENING_MS)
        _save(dialog, "import", scheme, _MAP_COLORS)
        dialog.reject()
        dialog.deleteLater()


def _picture() -> QImage:
    """Return a picture of nothing: an evening sky."""
    picture = QImage(512, 512, QImage.Format.Format_RGB32)
    colors = QLinearGradient(0, 0, 0, picture.height())
    for place, color in ((0, "#1d2a56"), (0.6, "#b5536b"), (1, "#f2b16b")):
        colors.setColorAt(place, QColor(color))
    painter = QPainter(picture)
    painter.fillRect(picture.rect(), colors)
    painter.end()
    return picture


def compare(files: list[str]) -> None:
    """Grab the Compare panel in each theme after comparing the values of two files."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        window = create_window([])
        window.resize(*_SIZE)
        window.show()
        window.show_panel(COMPARE)
        window.comparing.take("", tuple(Path(name).absolute() for name in files))
        _wait(_OPENING_MS)
        panel = window.findChild(ComparePanel)
        if panel is not None:
            panel.view.sortByColumn(COLUMNS.index(Column.RELATIVE), Qt.SortOrder.DescendingOrder)
            panel.head.values.click()
        while window.jobs.queue.busy or window.comparing.busy:
            _wait(_PAINTING_MS)
        for scheme in (theme.Scheme.DARK, theme.Scheme.LIGHT):
            theme.apply(application(), scheme)
            _wait(_PAINTING_MS)
            _save(window, "compare", scheme, _MAP_COLORS)
        window.close()


def merge(files: list[str]) -> None:
    """Grab the Merge panel in each theme with a curve over the blocks."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        window = create_window([])
        window.resize(*_MERGE_SIZE)
        window.show()
        window.show_panel(MERGE)
        window.merging.take(ANYWHERE, tuple(Path(name).absolute() for name in files))
        _wait(_OPENING_MS)
        choices = window.merging.choices
        draft = with_values(choices.draft, choices.draft.parameters[0], (0.3,))
        if choices.partition is not None:
            made = {each.name: each.values for each in presets(choices.partition, 0.3)}
            draft = with_blocks(draft, "alpha", made["S-curve up"])
        draft = with_rules(draft, (NameRule("attn2", {"alpha": 0.6}),))
        choices.change(with_adjust(draft, (0, 0, 0, 3, 0, 0, 0, 0)), "")
        window.merging.output.set_path(_OUTPUT)
        _wait(_OPENING_MS)
        for scheme in (theme.Scheme.DARK, theme.Scheme.LIGHT):
            theme.apply(application(), scheme)
            _wait(_PAINTING_MS)
            _save(window, "merge", scheme, _MAP_COLORS)
            _grab_loras(window, files[:2], scheme)
        choices.undo_stack.setClean()
        window.close()


def _grab_loras(window: MainWindow, models: list[str], scheme: theme.Scheme) -> None:
    a, b = (Path(name).absolute() for name in models)
    window.merging.loras.extract(a, b)
    dialog = window.findChild(LoraDialog)
    if dialog is not None:
        _wait(_OPENING_MS)
        dialog.show_path(_LORA)
        _wait(_OPENING_MS)
        _save(dialog, "lora", scheme)
        dialog.reject()
        _wait(_PAINTING_MS)


def _save(window: QWidget, name: str, scheme: theme.Scheme, colors: int = _COLORS) -> None:
    picture = _small(window.grab().toImage(), colors)
    picture.save(str(_PICTURES / f"{name}_{scheme.value}.png"), "PNG", 0)


def _small(image: QImage, most: int) -> QImage:
    """Return the picture in its most frequent colours: fewer bytes, the same to the eye."""
    exact = image.convertToFormat(QImage.Format.Format_RGB32)
    counted = Counter(memoryview(exact.constBits()).cast("B").cast("I"))
    colors = [color for color, _ in counted.most_common(most)]
    avoid = Qt.ImageConversionFlag.AvoidDither
    return exact.convertToFormat(QImage.Format.Format_Indexed8, colors, avoid)


def _wait(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--compare"]:
        compare(sys.argv[2:])
    elif sys.argv[1:2] == ["--merge"]:
        merge(sys.argv[2:])
    else:
        main(sys.argv[1:])
