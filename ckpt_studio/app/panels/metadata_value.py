"""The pane below the metadata table: one value as text, as a list of nodes, or as pictures."""

from enum import IntEnum

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.app.panels.metadata_editor import MetadataEditor
from ckpt_studio.app.panels.metadata_picture import PictureView
from ckpt_studio.app.panels.metadata_workflow import WorkflowView
from ckpt_studio.core.generation import may_be_graph
from ckpt_studio.core.plain_text import one_line
from ckpt_studio.qt.labels import ElidedLabel
from ckpt_studio.qt.pictures import may_be_pictures


class ValueMode(IntEnum):
    """How a value is shown; the order of the pages."""

    TEXT = 0
    WORKFLOW = 1
    PICTURE = 2


class MetadataValue(QWidget):
    """Offers the modes that fit a value; what was chosen last stays for values of that kind."""

    failed = Signal(Exception)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editor, self.workflow, self.picture = MetadataEditor(), WorkflowView(), PictureView()
        self._key, self._value, self._name = "", "", ""
        self._fitting = ValueMode.TEXT  # the mode besides text that fits the value
        self._liked = {mode: mode for mode in ValueMode}
        self._title = ElidedLabel(role="h2")
        self._title.setObjectName("metadataValueTitle")
        self._tools = (self.editor.tools, self.workflow.tools, self.picture.tools)
        self._group = QButtonGroup(self)
        self._pages = QStackedWidget()
        self._build()
        self._group.idClicked.connect(self._choose)
        self.workflow.refused.connect(self._refuse)
        self.picture.refused.connect(self._refuse)
        self.picture.failed.connect(self.failed)
        self.show_nothing(self.tr("Choose a key to see its value."))

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self._title, 1)
        switch = QHBoxLayout()
        switch.setSpacing(0)
        for mode, title in (
            (ValueMode.TEXT, self.tr("Text")),
            (ValueMode.WORKFLOW, self.tr("Workflow")),
            (ValueMode.PICTURE, self.tr("Picture")),
        ):
            button = QToolButton()
            button.setText(title)
            button.setObjectName(f"valueMode{mode.name.title()}")
            button.setAccessibleName(self.tr("Show the value as {mode}").format(mode=title))
            button.setCheckable(True)
            button.setProperty("segment", True)
            self._group.addButton(button, int(mode))
            switch.addWidget(button)
        top.addLayout(switch)
        for tools in self._tools:
            top.addWidget(tools)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self._pages, 1)
        for page in (self.editor, self.workflow, self.picture):
            self._pages.addWidget(page)

    @property
    def mode(self) -> ValueMode:
        """How the value is shown."""
        return ValueMode(self._pages.currentIndex())

    @property
    def busy(self) -> bool:
        """Whether a long value is still on its way to the screen."""
        return any(page.busy for page in (self.editor, self.workflow, self.picture))

    def stop(self) -> None:
        """Wait for what runs."""
        for page in (self.editor, self.workflow, self.picture):
            page.stop()

    def set_file_name(self, name: str) -> None:
        """Say what files that are dragged out are called, without their end."""
        self._name = name

    def show_nothing(self, title: str) -> None:
        """Show no value, and why."""
        self._title.set_text(title)
        self.editor.show_nothing()
        self._offer("", "")

    def show_value(
        self, key: str, value: str, *, editable: bool, changed: bool = False, note: str = ""
    ) -> None:
        """Show the value of a key; ``changed`` offers the original one."""
        self._title.set_text(one_line(key))
        self.editor.show_value(key, value, editable=editable, changed=changed, note=note)
        self._offer(key, value)

    def focus_value(self) -> None:
        """Let the user type."""
        self._show(ValueMode.TEXT)
        self.editor.focus_value()

    def _offer(self, key: str, value: str) -> None:
        """Offer what fits; the mode only changes with the key."""
        before, self._fitting = self._fitting, _fitting(key, value)
        same, self._key, self._value = key == self._key and bool(key), key, value
        if not same:
            mode = self._liked[self._fitting]
        elif self._fitting is before:
            mode = self.mode
        else:
            mode = ValueMode.TEXT
        self._show(mode)

    def _show(self, mode: ValueMode) -> None:
        for button in self._group.buttons():
            one = ValueMode(self._group.id(button))
            fits = one in {ValueMode.TEXT, self._fitting}
            button.setVisible(fits and self._fitting is not ValueMode.TEXT)
        self._group.button(int(mode)).setChecked(True)
        self._pages.setCurrentIndex(int(mode))
        for page, tools in enumerate(self._tools):
            tools.setVisible(page == mode)
        if mode is ValueMode.WORKFLOW:
            self.workflow.show_graph(self._value, self._file_name())
        else:
            self.workflow.clear()
        if mode is ValueMode.PICTURE:
            self.picture.show_value(self._key, self._value, self._file_name())
        else:
            self.picture.clear()

    def _choose(self, number: int) -> None:
        mode = ValueMode(number)
        self._liked[self._fitting] = mode
        self.editor.finish()
        self._show(mode)

    def _refuse(self) -> None:
        """The value has the marks of something that it is not."""
        self._fitting = ValueMode.TEXT
        self._show(ValueMode.TEXT)

    def _file_name(self) -> str:
        last = self._key.rpartition(".")[2] or "value"
        return f"{self._name}_{last}" if self._name else last


def _fitting(key: str, value: str) -> ValueMode:
    if may_be_graph(value):
        return ValueMode.WORKFLOW
    return ValueMode.PICTURE if may_be_pictures(key, value) else ValueMode.TEXT
