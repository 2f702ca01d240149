"""Plays a call on this machine, while it goes on or after."""
