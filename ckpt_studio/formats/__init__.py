"""Bytes to core values and back, one module per container. Knows no torch and no window."""
