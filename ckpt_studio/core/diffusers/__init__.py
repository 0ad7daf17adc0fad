"""Models as folders in the layout of diffusers."""
