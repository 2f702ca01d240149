"""What the chosen call is taken to mean."""
