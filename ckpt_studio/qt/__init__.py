"""Core values on screen: models, delegates, small widgets, Job. Knows no window and no settings."""
