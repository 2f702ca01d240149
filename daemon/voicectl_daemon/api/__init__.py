"""One router for each noun; no logic."""
