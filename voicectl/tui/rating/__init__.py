"""What a person thinks of a call."""
