"""Merging: methods, blocks, which tensors belong together, and the plan of the result."""
