"""When garbage is collected in tests with Qt: between them, never within Qt's own work."""

import gc

import pytest


@pytest.fixture(autouse=True, scope="module")
def collect_after_module():
    """Switch automatic collection off, as the window does, and leave nothing to those without Qt.

    A QObject that is collected within the destructor of another one waits for its lock for ever.
    """
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def collect_after_test(collect_after_module):
    """Collect what a test leaves, after all that belongs to it is gone."""
    yield
    gc.collect(1)
