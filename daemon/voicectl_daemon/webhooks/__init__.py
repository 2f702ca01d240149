"""Webhooks: addresses of the site that are told of events, signed, again and again until they hear.

`told` takes events from the bus and writes them down, `sending` sends what is due.
"""
