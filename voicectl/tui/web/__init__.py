"""The monitor in a browser; needs the extra `web`."""
