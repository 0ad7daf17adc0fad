"""One widget in the place of another, without a moment in which neither or both can be used."""

from PySide6.QtWidgets import QLayout, QWidget


def put_in_place(layout: QLayout, old: QWidget, fresh: QWidget) -> None:
    """Show ``fresh`` where ``old`` stood, and delete that as soon as no signal of it is under way.

    A layout shows what it is given by an event of its own: until that came, the place was empty.
    """
    layout.replaceWidget(old, fresh)
    old.hide()
    old.deleteLater()
    fresh.show()
