"""The monitor: every live call on one screen of a terminal."""
