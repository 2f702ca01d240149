"""The first lines of the screen: where one is, and what is wrong."""
