"""The main window: it composes panels, connects them, and owns no logic."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from ckpt_studio.app.actions import create_actions
from ckpt_studio.app.closing import Closing
from ckpt_studio.app.comparing import Comparing
from ckpt_studio.app.details_dock import DetailsDock
from ckpt_studio.app.document import Document
from ckpt_studio.app.document_panels import DocumentPanels
from ckpt_studio.app.file_actions import FileActions
from ckpt_studio.app.file_changes import FileChanges
from ckpt_studio.app.gui_thread import put_first
from ckpt_studio.app.help import connect_help
from ckpt_studio.app.job_history import JobHistory
from ckpt_studio.app.job_log import JobLog, Record, State
from ckpt_studio.app.job_strip import JobStrip
from ckpt_studio.app.leftover_files import LeftoverFiles
from ckpt_studio.app.merge_shards import MergeShards
from ckpt_studio.app.merging import ANYWHERE, Merging, is_recipe
from ckpt_studio.app.model_folders import ModelFolders
from ckpt_studio.app.panels.assemble import AssemblePanel
from ckpt_studio.app.panels.jobs import JobsPanel
from ckpt_studio.app.panels.metadata_sources import importable
from ckpt_studio.app.panels_late import LatePanel
from ckpt_studio.app.panes import Margin, first_focus, focus_next_pane, show_in_folder
from ckpt_studio.app.preferences import Preferences
from ckpt_studio.app.problems import CrashCatcher, details_of, message_of
from ckpt_studio.app.rail import Rail
from ckpt_studio.app.recent_menu import RecentMenu
from ckpt_studio.app.recovery import Recovery
from ckpt_studio.app.saving import Saving
from ckpt_studio.app.session import Session
from ckpt_studio.app.settings import Settings
from ckpt_studio.app.source_choice import SourceChoice
from ckpt_studio.app.sources import Sources
from ckpt_studio.app.status_line import StatusLine
from ckpt_studio.app.verbs import Verbs
from ckpt_studio.app.warming import Warming
from ckpt_studio.app.window_state import WindowState
from ckpt_studio.core.lora.recipes import AnyRecipe
from ckpt_studio.core.plan import Report
from ckpt_studio.core.recipe import EditMetadata, Merge
from ckpt_studio.qt.banner import Banner
from ckpt_studio.qt.drop import dropped_files

ASSEMBLE, TENSORS, METADATA, COMPARE, MERGE, JOBS = range(6)


class MainWindow(QMainWindow):
    """Rail, panels, banner, job strip and status bar over one session."""

    _preferences: Preferences | None = None  # made when they are first asked for

    def __init__(self, verbs: Verbs, settings: Settings) -> None:
        super().__init__()
        put_first(self)
        self.setObjectName("mainWindow")
        self.setAcceptDrops(True)
        self.session = Session(verbs, self)
        self.settings = settings
        self.jobs = JobLog(self)
        self.sources = Sources(self.session, settings, self)
        self.folders = ModelFolders(settings, self)
        self._choice = SourceChoice(self.session, settings, self.folders, self)
        self._history = JobHistory(self.jobs, settings.job_history)
        self.saving = Saving(self.session, self.jobs, settings, self)
        self.saving.output.follow(self.folders)
        self.file_changes = FileChanges(self.session, self.saving.edits, self)
        self.actions_ = create_actions(self, self.menuBar(), self.session.undo_group)
        self.banner = Banner()
        self._files = FileActions(self, self.session, self.sources, self.banner)
        self.assemble = AssemblePanel(self.session)
        self.jobs_panel = JobsPanel(self.jobs)
        self._documents = DocumentPanels(self.session, self.jobs, self.saving, self)
        self.comparing = Comparing(self.session, self.sources, self.jobs, self)
        self.merging = Merging(self.session, self.sources, self.saving, self.folders, self)
        self._shards = MergeShards(self.session, self.saving, self.actions_.merge_shards, self)
        self._strip = JobStrip(self.jobs)
        self._stack = QStackedWidget()
        self._closing = Closing(
            self, self.session, self.saving, self.merging.saving, self._documents.with_mistakes
        )
        self.setStatusBar(StatusLine(self.session))
        self._crashes = CrashCatcher(self)
        self._crashes.install()
        self._details = DetailsDock(self, self.session, self.jobs, settings)
        self._details.follow(self.actions_.details)
        self._state = WindowState(self, settings)
        self.recovery = Recovery(
            self.session,
            self.merging.choices,
            self.sources,
            self.banner,
            settings.recovery_folder,
        )
        self._build()
        self._connect_actions()
        self._connect_panels()
        self.folders.refresh()
        self.leftovers = LeftoverFiles(self.banner, self)
        self.warming = Warming(self, lambda: self.sources.busy or self.jobs.queue.busy)
        self.show_panel(self._state.panel)

    def _build(self) -> None:
        for panel in (
            self.assemble,
            self._documents.tensors,
            self._documents.metadata,
            self.comparing.late,
            self.merging.late,
            self.jobs_panel,
        ):
            self._stack.addWidget(panel)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Margin(self.banner, top=12))
        column.addWidget(self._stack, 1)
        column.addWidget(Margin(self._strip, bottom=12))
        root = QWidget()
        row = QHBoxLayout(root)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(Rail(self.actions_.panels))
        row.addLayout(column, 1)
        self.setCentralWidget(root)

    def _connect_actions(self) -> None:
        actions = self.actions_
        self._files.connect_actions(actions, self._take_files)
        actions.save.triggered.connect(self._save)
        actions.save_to.triggered.connect(self.saving.output.browse)
        actions.quit.triggered.connect(self.close)
        actions.preferences.triggered.connect(self._show_preferences)
        for number, action in enumerate(actions.panels):
            action.triggered.connect(lambda _=False, index=number: self.show_panel(index))
        actions.next_pane.triggered.connect(lambda: focus_next_pane(self))
        actions.reset_layout.triggered.connect(self._state.reset)
        actions.cancel_job.triggered.connect(self._cancel_running)
        actions.clear_jobs.triggered.connect(self.jobs.clear_ended)
        self._shards.message.connect(self.banner.show_message)
        self._shards.offered_changed.connect(self.assemble.shards.show_titles)
        self.assemble.shards.merge_requested.connect(actions.merge_shards.trigger)
        self._shards.refresh()
        actions.lora_tools.triggered.connect(self.merging.loras.open)
        actions.compare_with.triggered.connect(self._compare_with)
        for name, action in actions.metadata.items():
            action.triggered.connect(lambda _=False, name=name: self._start_in_metadata(name))
        connect_help(self, actions)
        self.recovery.restored.connect(self._show_restored)
        recent = RecentMenu(actions.recent, self.settings)
        recent.chosen.connect(lambda path: self._take_files((path,)))

    def _connect_panels(self) -> None:
        assemble, sources, saving = self.assemble, self.sources, self.saving
        assemble.files_dropped.connect(sources.add)
        assemble.files_dropped_on.connect(sources.add_to)
        assemble.browse_requested.connect(sources.browse)
        assemble.choices_requested.connect(self._choice.ask)
        self._choice.chosen.connect(sources.add_to)
        self._choice.browse_requested.connect(sources.browse)
        self._choice.folders_requested.connect(self._show_folders)
        assemble.output.path_edited.connect(saving.output.set_path)
        assemble.output.browse_requested.connect(saving.output.browse)
        assemble.output.save_requested.connect(saving.save)
        assemble.kind.kind_chosen.connect(saving.output.set_kind)
        assemble.kind.shard_bytes_chosen.connect(saving.output.set_shard_bytes)
        assemble.part_files.file_chosen.connect(saving.output.set_part_file)
        assemble.result.show_in_folder_requested.connect(show_in_folder)
        assemble.result.open_requested.connect(sources.look_at)
        saving.saved.connect(self._show_result)
        sources.message.connect(self.banner.show_refusal)
        sources.opened.connect(self._show_opened)
        sources.accepted.connect(self.banner.hide_refusal)
        self.jobs_panel.again_requested.connect(self.jobs.start_again)
        self.jobs_panel.details_requested.connect(self._show_details)
        self.jobs_panel.show_in_folder_requested.connect(show_in_folder)
        self._strip.cancel_requested.connect(self.jobs.cancel)
        self.jobs.changed.connect(self._note_job)
        self.comparing.lora_requested.connect(self.merging.loras.extract)
        for part_with_words in (self._documents, self.merging):
            part_with_words.message.connect(self.banner.show_message)
        self._documents.open_requested.connect(lambda path: sources.look_at((path,)))
        self._documents.save_requested.connect(saving.save_document)
        saving.edits.copied.connect(lambda path: sources.look_at((path,)))
        for messages in (saving.edits, self.file_changes):
            messages.message.connect(self.banner.show_message)
        for part in (self._documents, self.comparing, self.merging):
            part.failed.connect(lambda error: self.banner.show_message(message_of(error)))
        self._crashes.caught.connect(self.banner.show_message)
        session = self.session
        session.current_changed.connect(self._choose_history)
        session.recipe_changed.connect(self._retitle)
        self.merging.choices.draft_changed.connect(self._retitle)
        self.merging.choices.undo_stack.cleanChanged.connect(self._retitle)
        session.undo_group.cleanChanged.connect(self._retitle)
        session.undo_group.indexChanged.connect(self._retitle)

    def show_panel(self, index: int) -> None:
        """Show one of the panels ASSEMBLE, TENSORS, METADATA, COMPARE, MERGE and JOBS."""
        panel = self._stack.widget(index)
        if index == JOBS:
            self._history.show_earlier()
        if isinstance(panel, LatePanel):
            panel.ensure_built()
        self._stack.setCurrentIndex(index)
        if panel is not None and self.isVisible():
            first_focus(panel)
        self.actions_.panels[index].setChecked(True)
        self._strip.set_wanted(wanted=index != JOBS)
        self._choose_history()

    @property
    def panel(self) -> int:
        """The panel that is shown."""
        return self._stack.currentIndex()

    @Slot()
    def _save(self) -> None:
        if self.panel in {TENSORS, METADATA}:
            if self._documents.may_save():
                self.saving.save_document(self.session.current)
        elif self.panel == MERGE:
            self.merging.saving.save()
        else:
            self.saving.save()

    @property
    def preferences(self) -> Preferences:
        """The preferences, made when they are first asked for."""
        if self._preferences is None:
            themes = self.actions_.themes
            self._preferences = Preferences(self.settings, self.folders, themes, self)
        return self._preferences

    @Slot()
    def _show_preferences(self) -> None:
        self.preferences.bring_up()

    @Slot()
    def _show_folders(self) -> None:
        self.preferences.show_folders()

    @Slot()
    def _compare_with(self) -> None:
        current = self.session.current
        self.show_panel(COMPARE)
        self.comparing.compare_with(current)

    def _start_in_metadata(self, name: str) -> None:
        self.show_panel(METADATA)
        self._documents.start_in_metadata(name)

    @Slot()
    def _cancel_running(self) -> None:
        record = self.jobs.running
        if record is not None:
            self.jobs.cancel(record)

    def _take_files(self, files: tuple[Path, ...]) -> None:
        """Put files where the panel that is shown wants them; media go to the metadata."""
        recipe = self.panel == MERGE and all(map(is_recipe, files))
        if all(map(importable, files)) and not recipe:
            self.show_panel(METADATA)
            self._documents.import_from(files)
            return
        if self.panel in {TENSORS, METADATA}:
            self.sources.look_at(files)
        elif self.panel == COMPARE:
            self.comparing.take("", files)
        elif self.panel == MERGE:
            self.merging.take(ANYWHERE, files)
        else:
            self.show_panel(ASSEMBLE)
            self.sources.add(files)

    def _show_result(self, report: Report) -> None:
        self.assemble.result.show_report(report)
        QApplication.alert(self)

    def _show_opened(self, document: Document) -> None:
        self.session.show_document(document)
        if self.panel not in {TENSORS, METADATA}:
            self.show_panel(TENSORS)

    def _show_restored(self, recipe: AnyRecipe) -> None:
        panels: dict[type, int] = {EditMetadata: METADATA, Merge: MERGE}
        self.show_panel(panels.get(type(recipe), ASSEMBLE))

    def _show_details(self, record: Record) -> None:
        if record.error is not None:
            message = message_of(record.error)
            details = message.details or details_of(record.error)
            self.banner.show_message(replace(message, details=details))

    def _note_job(self, record: Record) -> None:
        if record.state is State.FAILED and record.error is not None:
            self.banner.show_message(message_of(record.error))

    @Slot()
    def _choose_history(self) -> None:
        session = self.session
        stack = session.current.undo_stack if self.panel in {TENSORS, METADATA} else None
        if self.panel == MERGE:
            stack = self.merging.choices.undo_stack
        session.undo_group.setActiveStack(stack or session.undo_stack)
        self._retitle()

    @Slot()
    def _retitle(self) -> None:
        session = self.session
        path = session.recipe.output.path
        title = path.stem if path else session.new_checkpoint.title
        if self.panel in {TENSORS, METADATA}:
            title = session.current.title
        elif self.panel == MERGE:
            title = self.merging.saving.title
        self.setWindowTitle(self.tr("{title}[*] – Checkpoint Studio").format(title=title))
        self.setWindowModified(bool(session.unsaved) or self.merging.choices.unsaved)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.warming.start()

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_files(event.mimeData()):
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        files = dropped_files(event.mimeData())
        if files:
            event.acceptProposedAction()
            self._take_files(files)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closing.may_close():
            event.ignore()
            return
        self._state.save(self.panel)
        self.recovery.finish()
        for part in (self.sources, self.session, self._shards, self.leftovers, self._documents):
            part.stop()
        self._details.stop()
        self.warming.stop()
        self.saving.edits.stop()
        self.file_changes.stop()
        self.folders.stop()
        self._choice.stop()
        self.comparing.stop()
        self.merging.stop()
        self._crashes.remove()
        event.accept()
