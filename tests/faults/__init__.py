"""What a save does when the world fails it: nothing is lost, nothing is left behind."""
