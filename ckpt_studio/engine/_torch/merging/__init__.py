"""The arithmetic of the merge methods, in fp32 with sums in fp64."""
