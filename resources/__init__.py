"""Data files: model families, icons, themes. They are read through ``core/data_files.py``."""
