"""Jobs and their recordings."""
