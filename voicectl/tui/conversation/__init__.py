"""The chosen call's conversation."""
