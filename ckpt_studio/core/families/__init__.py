"""Model families and their parts, read from the data files in ``resources``."""
