"""Calls in progress, and those just over."""
