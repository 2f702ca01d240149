"""What the site's Asterisk is told, one file per piece, with `@WORDS@` to be filled in."""

TRANSPORTS = ("audiosocket", "websocket", "ari", "uid")
"""How the sound of a call can come."""
HUMANS = "Queue(humans)"
"""Where callers go to people, unless a site says what it has."""
