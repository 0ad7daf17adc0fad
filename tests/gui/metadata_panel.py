"""A Metadata panel on screen, with one document."""

from ckpt_studio.app.panels.metadata import MetadataPanel


def panel_of(qtbot, document):
    panel = MetadataPanel()
    qtbot.addWidget(panel)
    panel.resize(1000, 700)
    panel.set_documents([document])
    panel.show_document(document)
    panel.show()
    qtbot.waitExposed(panel)
    panel.activateWindow()
    return panel
