"""The media process: sockets that carry sound, the 20 ms clock, recordings that grow."""
