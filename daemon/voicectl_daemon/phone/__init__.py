"""The phone: a telephone of our own for one line, in a process of its own.

Its library is under the GPL and aborts rather than raises. Nothing else imports it;
calls go to the media process like those of a telephone system.
"""
