"""What callers say of people: names, numbers, places, found by rules in written-down speech.

Made for text without capitals and punctuation, in which numbers are words; one family of
rules a file, the words they go by in TOML beside them. Nothing here loads a model.
"""
