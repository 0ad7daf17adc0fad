"""Garbage is collected between tests, never within Qt's own work."""

from tests.making.garbage import collect_after_module, collect_after_test

__all__ = ["collect_after_module", "collect_after_test"]
