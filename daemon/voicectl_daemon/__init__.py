"""The process that must keep running: the door, the books and the workers."""
