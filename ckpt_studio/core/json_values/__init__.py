"""JSON values in metadata: read, checked, laid out and changed without harm."""
