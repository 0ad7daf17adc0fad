"""Two tables of tensors side by side: what is equal, what differs, and how it is told."""
