"""Models: which weights exist, where they lie, and one file for each library that runs them."""
