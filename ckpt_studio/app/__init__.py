"""One window: composition, identity and time."""
