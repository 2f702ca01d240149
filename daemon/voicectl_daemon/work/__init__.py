"""Work on recordings: who does it, with what, and the end that each comes to."""
