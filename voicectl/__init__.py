"""voicectl turns the phone calls of a helpline into text, understanding and action, offline."""

__version__ = "0.1.0"
