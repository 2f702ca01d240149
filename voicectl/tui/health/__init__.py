"""The daemon, its lines and its workers."""
