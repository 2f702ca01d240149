"""Calls in progress: the line they come in on, what is heard of them, and where each stands."""
