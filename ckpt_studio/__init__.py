"""Inspect, edit, assemble, convert and merge diffusion model checkpoints."""

__version__ = "0.1.0"
