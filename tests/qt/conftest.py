"""A patient user, and garbage collected between tests."""

from tests.making.with_qt import collect_after_module, collect_after_test, qtbot

__all__ = ["collect_after_module", "collect_after_test", "qtbot"]
