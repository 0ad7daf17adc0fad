"""Everything that can be done, as actions in menus; the usual ones have their shortcuts."""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QUndoGroup
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from ckpt_studio.qt.theme import Scheme

_PANELS = ("Assemble", "Tensors", "Metadata", "Compare", "Merge", "Jobs")


@dataclass(frozen=True, slots=True)
class Actions:
    """The actions of the window, to be connected by it."""

    open: QAction
    open_folder: QAction
    inspect: QAction
    paste_files: QAction
    close_file: QAction
    merge_shards: QAction
    compare_with: QAction
    lora_tools: QAction
    save: QAction
    save_to: QAction
    quit: QAction
    undo: QAction
    redo: QAction
    preferences: QAction
    panels: tuple[QAction, ...]
    details: QAction
    next_pane: QAction
    metadata: dict[str, QAction]
    """By the name of the action or button of the Metadata panel that does it."""
    themes: dict[Scheme, QAction]
    reset_layout: QAction
    cancel_job: QAction
    clear_jobs: QAction
    system_information: QAction
    about: QAction
    recent: QMenu


def create_actions(window: QWidget, bar: QMenuBar, undo: QUndoGroup) -> Actions:
    """Build the menus."""
    make = _Maker(window)
    file = bar.addMenu(window.tr("&File"))
    edit = bar.addMenu(window.tr("&Edit"))
    view = bar.addMenu(window.tr("&View"))
    metadata = bar.addMenu(window.tr("Meta&data"))
    jobs = bar.addMenu(window.tr("&Jobs"))
    help_menu = bar.addMenu(window.tr("&Help"))
    recent = QMenu(window.tr("Open &recent"), window)
    recent.setObjectName("menuRecent")
    recent.setToolTipsVisible(True)
    file.setToolTipsVisible(True)
    return Actions(
        undo=_undo_action(make("Undo", window.tr("&Undo"), "Ctrl+Z", edit), undo),
        redo=_redo_action(make("Redo", window.tr("&Redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), edit), undo),
        open=make("Open", window.tr("&Open model files…"), QKeySequence.StandardKey.Open, file),
        open_folder=make("OpenFolder", window.tr("Open &folder…"), "Ctrl+Shift+O", file),
        inspect=make("Inspect", window.tr("&Inspect a file…"), "Ctrl+I", file),
        recent=_added(file, recent),
        paste_files=make("PasteFiles", window.tr("&Paste files"), "Ctrl+Shift+V", edit, rule=True),
        preferences=make("Preferences", window.tr("Pre&ferences…"), "Ctrl+,", edit, rule=True),
        close_file=make("CloseFile", window.tr("&Close file"), "Ctrl+W", file, rule=True),
        merge_shards=make("MergeShards", window.tr("&Merge shards into one file…"), "", file),
        compare_with=make("CompareWith", window.tr("Com&pare with…"), "Ctrl+Shift+D", file),
        lora_tools=make("LoraTools", window.tr("&LoRA tools…"), "Ctrl+Shift+L", file),
        save_to=make("SaveTo", window.tr("Choose &where to save…"), "Ctrl+Shift+S", file),
        save=make("Save", window.tr("&Save…"), ("Ctrl+S", "Ctrl+Return"), file),
        quit=make("Quit", window.tr("&Quit"), "Ctrl+Q", file, rule=True),
        panels=_panel_actions(window, make, view),
        details=make("Details", window.tr("&Details"), "Ctrl+D", view, rule=True),
        next_pane=make("NextPane", window.tr("&Next pane"), "F6", view, rule=True),
        metadata=_metadata_actions(window, make, metadata),
        themes=_theme_actions(window, make, view),
        reset_layout=make("ResetLayout", window.tr("&Reset layout"), "", view, rule=True),
        cancel_job=make("CancelJob", window.tr("&Cancel the running job"), "Ctrl+.", jobs),
        clear_jobs=make("ClearJobs", window.tr("C&lear finished jobs"), "", jobs),
        system_information=make(
            "SystemInformation", window.tr("&Copy system information"), "", help_menu
        ),
        about=make("About", window.tr("&About Checkpoint Studio"), "", help_menu),
    )


class _Maker:
    """Makes actions of one window."""

    def __init__(self, window: QWidget) -> None:
        self._window = window

    def __call__(
        self,
        name: str,
        text: str,
        keys: QKeySequence.StandardKey | str | tuple[str, ...],
        menu: QMenu,
        *,
        rule: bool = False,
    ) -> QAction:
        if rule:
            menu.addSeparator()
        action = QAction(text, self._window)
        action.setObjectName(f"action{name}")
        _set_keys(action, keys)
        menu.addAction(action)
        return action


def _set_keys(action: QAction, keys: QKeySequence.StandardKey | str | tuple[str, ...]) -> None:
    if isinstance(keys, tuple):
        action.setShortcuts([QKeySequence(key) for key in keys])
    elif keys:
        action.setShortcut(QKeySequence(keys))


def _added(menu: QMenu, submenu: QMenu) -> QMenu:
    menu.addMenu(submenu)
    return submenu


def _undo_action(action: QAction, undo: QUndoGroup) -> QAction:
    """Let an action undo (the group's own actions lose their Python side while in use)."""
    action.setEnabled(undo.canUndo())
    action.triggered.connect(undo.undo)
    undo.canUndoChanged.connect(action.setEnabled)
    undo.undoTextChanged.connect(lambda step: action.setText(_step("&Undo", step)))
    return action


def _redo_action(action: QAction, undo: QUndoGroup) -> QAction:
    action.setEnabled(undo.canRedo())
    action.triggered.connect(undo.redo)
    undo.canRedoChanged.connect(action.setEnabled)
    undo.redoTextChanged.connect(lambda step: action.setText(_step("&Redo", step)))
    return action


def _step(verb: str, step: str) -> str:
    return f"{QCoreApplication.translate('Actions', verb)} {step.replace('&', '&&')}".rstrip()


def _panel_actions(window: QWidget, make: _Maker, view: QMenu) -> tuple[QAction, ...]:
    titles = (
        window.tr("&Assemble"),
        window.tr("&Tensors"),
        window.tr("&Metadata"),
        window.tr("&Compare"),
        window.tr("Mer&ge"),
        window.tr("&Jobs"),
    )
    group = QActionGroup(window)
    actions = []
    for number, (name, title) in enumerate(zip(_PANELS, titles, strict=True), start=1):
        action = make(f"Panel{name}", title, f"Ctrl+{number}", view)
        action.setCheckable(True)
        group.addAction(action)
        actions.append(action)
    return tuple(actions)


def _metadata_actions(window: QWidget, make: _Maker, menu: QMenu) -> dict[str, QAction]:
    """Return what the buttons of the Metadata panel do, for who looks for it in a menu."""
    return {
        f"metadata{name}": make(f"Metadata{name}", title, keys, menu, rule=rule)
        for name, title, keys, rule in (
            ("ImportFile", window.tr("&Import from a file…"), "Ctrl+Shift+I", False),
            ("ImportPasted", window.tr("Import the copied &picture"), "", False),
            ("Known", window.tr("Fill in what is &known of the model"), "", False),
            ("FindOpen", window.tr("&Find and replace…"), "", True),
            ("Several", window.tr("&Edit several files…"), "", False),
            ("ExportJson", window.tr("Save all as &JSON…"), "", True),
            ("ExportWorkflow", window.tr("Save w&orkflow as .json…"), "", False),
            ("ExportPrompts", window.tr("Save p&rompts as text…"), "", False),
            ("ExportThumbnail", window.tr("Save &thumbnail as picture…"), "", False),
            ("Clean", window.tr("&Clean for sharing…"), "", True),
            ("Readings", window.tr("&What programs read…"), "", False),
        )
    }


def _theme_actions(window: QWidget, make: _Maker, view: QMenu) -> dict[Scheme, QAction]:
    menu = view.addMenu(window.tr("T&heme"))
    texts = {
        Scheme.SYSTEM: window.tr("Like the &system"),
        Scheme.LIGHT: window.tr("&Light"),
        Scheme.DARK: window.tr("&Dark"),
    }
    group = QActionGroup(window)
    actions = {}
    for scheme, text in texts.items():
        action = make(f"Theme{scheme.value.capitalize()}", text, "", menu)
        action.setCheckable(True)
        group.addAction(action)
        actions[scheme] = action
    return actions
