"""Work on tensor data."""
