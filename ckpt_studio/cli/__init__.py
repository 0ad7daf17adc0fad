"""The verbs on the command line. Works without PySide6."""
