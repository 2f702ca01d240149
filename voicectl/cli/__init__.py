"""The commands that people type, one noun a file."""
