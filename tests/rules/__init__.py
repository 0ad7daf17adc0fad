"""Rules that the whole program keeps."""
