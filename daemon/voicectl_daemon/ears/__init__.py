"""The ears: a process that listens to calls in progress and tells what is said."""
