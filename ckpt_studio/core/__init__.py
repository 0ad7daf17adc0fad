"""Values and rules. Knows no file, no torch and no window."""
