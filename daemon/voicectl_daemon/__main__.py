"""`python -m voicectl_daemon`: what `voicectl serve` runs."""

from voicectl_daemon.main import main

main()
