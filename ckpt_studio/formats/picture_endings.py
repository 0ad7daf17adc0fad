"""What the names of pictures that can be read end in, for dialogs and drops."""

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
