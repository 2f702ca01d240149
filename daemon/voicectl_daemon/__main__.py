"""`python -m voicectl_daemon`: what `voicectl serve` runs."""

import signal

# Ctrl-C ends what only begins; as an exception it could be lost in the midst of an import.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from voicectl_daemon.main import main

main()
