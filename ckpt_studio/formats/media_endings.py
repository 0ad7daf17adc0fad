"""What the names of files end in whose texts can be read, for dialogs and drops."""

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".heic", ".heif", ".svg")
"""Pictures and drawings."""

VIDEO_ENDINGS = (".mp4", ".m4v", ".mov", ".webm", ".mkv")
SOUND_ENDINGS = (".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a")

MEDIA_ENDINGS = (*PICTURE_ENDINGS, *VIDEO_ENDINGS, *SOUND_ENDINGS, ".glb")
"""All of them, and 3D models."""
