"""The menu of templates: put one into the metadata, make one of the selected keys, forget one."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from ckpt_studio.app.metadata_templates import MetadataTemplates, Template
from ckpt_studio.core.errors import FormatError, WriteError
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.core.text import counted
from ckpt_studio.qt.labels import plain_tip
from ckpt_studio.qt.question import confirmed

_MOST_SHOWN = 40


class TemplateMenu(QObject):
    """Fills a menu each time it opens; ``selected`` gives the keys a new template is made of.

    ``files`` is how many files are open, which can be edited together.
    """

    chosen = Signal(str, object)  # name, Template
    known_requested = Signal()
    several_requested = Signal()
    failed = Signal(Exception)

    def __init__(
        self,
        menu: QMenu,
        templates: MetadataTemplates,
        selected: Callable[[], Template],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._menu, self._templates, self._selected = menu, templates, selected
        self._window = parent
        self.files = 0
        menu.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """List what can be done now."""
        menu, templates = self._menu, self._templates.all()
        menu.clear()
        known = menu.addAction(self.tr("Fill in what is known of the model"))
        known.setObjectName("metadataKnown")
        known.triggered.connect(self.known_requested)
        several = menu.addAction(self.tr("Edit several files…"))
        several.setObjectName("metadataSeveral")
        several.setEnabled(self.files > 1)
        several.setToolTip("" if self.files > 1 else self.tr("Open more than one file first"))
        several.triggered.connect(self.several_requested)
        menu.addSeparator()
        mistake = self._templates.mistake
        if mistake:
            broken = menu.addAction(self.tr("The templates cannot be read…"))
            broken.setObjectName("metadataTemplatesBroken")
            broken.setToolTip(plain_tip(mistake))
            broken.triggered.connect(lambda: self._tell(mistake))
        self._add_templates(templates)
        menu.setToolTipsVisible(True)
        if templates:
            menu.addSeparator()
        selected = self._selected()
        title = self.tr("Make a template of {keys}…").format(keys=counted(len(selected), "key"))
        make = menu.addAction(title if selected else self.tr("Make a template…"))
        make.setObjectName("metadataMakeTemplate")
        make.setEnabled(bool(selected))
        make.triggered.connect(self._make)
        if templates:
            forget = menu.addMenu(self.tr("Remove template"))
            for place, name in enumerate(templates):
                action = forget.addAction(one_line(name, _MOST_SHOWN).replace("&", "&&"))
                action.setObjectName(f"metadataRemoveTemplate{place}")
                action.triggered.connect(lambda _=False, name=name: self._remove(name))

    def _add_templates(self, templates: Mapping[str, Template]) -> None:
        for place, (name, template) in enumerate(templates.items()):
            action = self._menu.addAction(one_line(name, _MOST_SHOWN).replace("&", "&&"))
            action.setObjectName(f"metadataTemplate{place}")
            action.setToolTip(plain_tip("\n".join(map(one_line, template))))
            action.triggered.connect(
                lambda _=False, name=name, template=template: self.chosen.emit(name, template)
            )

    def _make(self) -> None:
        selected = self._selected()
        name, accepted = QInputDialog.getText(
            self._window, self.tr("Make a template"), self.tr("Name of the template:")
        )
        name = name.strip()
        if accepted and name and (name not in self._templates.all() or self._may_replace(name)):
            self._try(lambda: self._templates.save(name, selected))

    def _may_replace(self, name: str) -> bool:
        title, go, stay = self.tr("Make a template"), self.tr("&Replace it"), self.tr("&Keep it")
        told = self.tr("There is a template “{name}” already.").format(name=one_line(name))
        return confirmed(self._window, "templateQuestion", title, told, go=go, stay=stay)

    def _tell(self, mistake: str) -> None:
        hint = self.tr("Mend the file in a text editor, or move it away.")
        self.failed.emit(FormatError(mistake, hint))

    def _remove(self, name: str) -> None:
        self._try(lambda: self._templates.remove(name))

    def _try(self, change: Callable[[], None]) -> None:
        try:
            change()
        except WriteError as error:
            self.failed.emit(error)
