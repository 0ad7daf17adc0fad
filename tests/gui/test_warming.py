"""What the window makes while nobody asks for anything: every panel, without being seen."""

from ckpt_studio.app.main_window import COMPARE, METADATA
from ckpt_studio.app.panels_late import LatePanel
from ckpt_studio.core.metadata import SetValue
from tests.gui.acting import named


def warmed(qtbot, window):
    window.warming.start()
    qtbot.waitUntil(lambda: not window.warming.busy, timeout=20_000)
    return window


def test_every_panel_is_built_and_none_is_shown(qtbot, window):
    before = window.panel
    warmed(qtbot, window)
    panels = window.findChildren(LatePanel)
    assert len(panels) > 4
    assert all(panel.built for panel in panels)
    assert window.panel == before
    assert [panel for panel in panels if panel.isVisible()] == []


def test_the_families_are_listed_without_being_read_then(qtbot, window, monkeypatch):
    warmed(qtbot, window)
    monkeypatch.setattr("ckpt_studio.core.families.architecture._read", None, raising=False)
    box = named(window, "targetArchitecture")
    box.setFocus()
    qtbot.waitUntil(lambda: box.count() > 90)


def test_a_panel_that_was_built_before_shows_what_was_opened_since(qtbot, window, parts):
    warmed(qtbot, window)
    window.sources.look_at(parts[:1])
    qtbot.waitUntil(lambda: window.session.current.path == parts[0])
    window.session.current.edit(SetValue("title", "Mine"))
    window.show_panel(METADATA)
    table = named(window, "metadataTable").model()
    shown = [table.index(row, 2).data() for row in range(table.rowCount())]
    assert "Mine" in shown
    assert named(window, "metadataSave").isEnabled()


def test_two_files_are_compared_on_the_first_visit_all_the_same(qtbot, window, folder):
    warmed(qtbot, window)
    files = (folder / "vae.safetensors", folder / "small_vae.safetensors")
    window.sources.look_at(files)
    qtbot.waitUntil(lambda: len(window.session.documents) == 2)
    assert not window.comparing.busy
    window.show_panel(COMPARE)
    qtbot.waitUntil(lambda: not window.comparing.busy)
    table = named(window, "compareTable").model()
    qtbot.waitUntil(lambda: table.rowCount() > 200)


def test_a_window_that_is_closed_at_once_makes_nothing_more(qtbot, open_window):
    window = open_window()
    window.warming.start()
    qtbot.wait(250)  # it is loading
    window.close()
    assert not window.warming.busy
