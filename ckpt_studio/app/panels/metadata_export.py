"""What can be taken out of the metadata as a file: all keys, a workflow, prompts, a thumbnail."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from ckpt_studio.app.background import Background
from ckpt_studio.app.panels.metadata_editing import MetadataEditing
from ckpt_studio.app.panels.save_text import save_bytes
from ckpt_studio.core.editing.metadata_export import (
    may_hold_prompts,
    prompts_text,
    workflow_key,
    workflow_text,
)
from ckpt_studio.core.editing.pasted_metadata import as_json
from ckpt_studio.core.errors import WriteError
from ckpt_studio.core.metadata import Metadata
from ckpt_studio.qt.drag_out import copy, text_data
from ckpt_studio.qt.pictures import may_be_pictures, pictures_in

_THUMBNAILS = ("modelspec.thumbnail", "ssmd_cover_images")


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is to take out; each by a quick look that may be wrong about damaged values."""

    workflow: str = ""
    prompts: bool = False
    thumbnail: str = ""


def offered(metadata: Metadata) -> Offered:
    """Return what metadata hold: the key of a workflow and of a thumbnail, whether prompts."""
    thumbnail = next(
        (key for key in _THUMBNAILS if may_be_pictures(key, metadata.get(key, ""))), ""
    )
    return Offered(workflow_key(metadata), may_hold_prompts(metadata), thumbnail)


class MetadataExport(QWidget):
    """Asks where something goes and writes it there; what takes long is read on a thread."""

    failed = Signal(Exception)

    def __init__(self, editing: MetadataEditing, parent: QWidget) -> None:
        super().__init__(parent)
        self.hide()
        self._editing, self._window = editing, parent
        self._work = Background(self)

    def stop(self) -> None:
        """Wait for what runs."""
        self._work.stop()

    def start(self, name: str) -> None:
        """Do what an entry of the menu says."""
        {
            "metadataExportJson": self.save_all,
            "metadataCopyJson": self.copy_all,
            "metadataExportWorkflow": self.save_workflow,
            "metadataExportPrompts": self.save_prompts,
            "metadataExportThumbnail": self.save_thumbnail,
        }[name]()

    def copy_all(self) -> None:
        """Put all metadata on the clipboard as JSON."""
        copy(text_data(as_json(self._editing.metadata)))

    def save_all(self) -> None:
        """Save all metadata as a JSON file."""
        content = as_json(self._editing.metadata).encode()
        self._save(self.tr("Export metadata"), "metadata", ".json", content)

    def save_workflow(self) -> None:
        """Save the workflow, or where there is none the prompt in the format of ComfyUI's API."""
        metadata = self._editing.metadata
        key = workflow_key(metadata)
        if key:
            content = workflow_text(metadata).encode()
            self._save(self.tr("Save workflow"), key, ".json", content)

    def save_prompts(self) -> None:
        """Save prompts and settings as the text that A1111 writes."""
        metadata = dict(self._editing.metadata)
        self._work.request(lambda _: prompts_text(metadata), self._save_prompts)

    def save_thumbnail(self) -> None:
        """Save the thumbnail in the format that it has."""
        metadata = self._editing.metadata
        key = offered(metadata).thumbnail
        pictures = pictures_in(key, metadata.get(key, ""))
        if pictures:
            first = pictures[0]
            self._save(self.tr("Save thumbnail"), "thumbnail", first.suffix, first.data)
        else:
            self._editing.tell(self.tr("The thumbnail is damaged; it is no picture."), "bad")

    def _save_prompts(self, said: str) -> None:
        if not said:
            self._editing.tell(self.tr("No prompts were found in the metadata."), "bad")
            return
        content = said.encode("utf-8", "replace")
        self._save(self.tr("Save prompts"), "prompts", ".txt", content)

    def _save(self, title: str, what: str, suffix: str, content: bytes) -> None:
        document = self._editing.document
        path = document.path if document else None
        name = f"{path.stem}_{what}{suffix}" if path else f"{what}{suffix}"
        suggested = path.with_name(name) if path else Path(name)
        try:
            save_bytes(self._window, title, suggested, content)
        except WriteError as error:
            self.failed.emit(error)
