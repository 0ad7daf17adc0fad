"""Every window of the tests is offscreen unless the caller chose another platform."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
