"""A helpline to try voicectl with: an Asterisk that tells it of calls, and people who talk.

python -m tests.live                       the call that is shipped, to port 8301
python -m tests.live call.wav --calls 5    the left channel is the agent, the right the caller
python -m tests.live --wait                nobody calls: use a SIP phone on this machine
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from tests.live import prepare
from tests.live.asterisk import Asterisk, running
from tests.live.parties import RATE, agent, caller
from voicectl.asterisk import TRANSPORTS
from voicectl.asterisk.snippets import Line

CALL = Path(__file__).parents[1] / "data" / "call_en_0_2ch_mulaw.wav"
TOOLS = {"sox": "sox", "sipp": "sip-tester", "setpriv": "util-linux"}
"""What is run, by the package that has it."""
HELPLINE = "Answer()\nGosub(voicectl,s,1)\nDial(PJSIP/agent,20,U(voicectl-agent))"


def main() -> None:
    """See the module."""
    asked = _asked()
    try:
        _see_to_it(asked.port)
        print(f"Asterisk {prepare.prepare()} ...", flush=True)
        with running() as asterisk:
            asterisk.tell(Line(transport=asked.transport, port=asked.port), HELPLINE)
            print(
                f"sip:helpline@{asterisk.address}; the agent is sip:agent@{asterisk.address}:5070"
            )
            print(
                f"console: {prepare.PROGRAM} -C {asterisk.folder}/etc/asterisk.conf -r", flush=True
            )
            if asked.wait:
                signal.pause()
            else:
                _talk(asterisk, asked.file, asked.calls)
    except prepare.CannotPrepare as error:
        sys.exit(f"there is no Asterisk: {error}")


def _asked() -> argparse.Namespace:
    about = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        "python -m tests.live",
        description=about[0],
        epilog=about[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", nargs="?", type=Path, default=CALL, help="two channels")
    parser.add_argument("--transport", choices=TRANSPORTS, default=TRANSPORTS[0])
    parser.add_argument("--port", type=int, default=8301, help="where voicectl listens")
    parser.add_argument("--calls", type=int, default=1, help="at the same time")
    parser.add_argument("--wait", action="store_true", help="place no call")
    return parser.parse_args()


def _see_to_it(port: int) -> None:
    """Say what would make somebody wait or wonder; end where nobody could talk."""
    if missing := [package for tool, package in TOOLS.items() if not shutil.which(tool)]:
        sys.exit(f"the two people need: apt-get install {' '.join(missing)}")
    if not prepare.PROGRAM.exists():
        print(f"Fetching an Asterisk from Debian into {prepare.FOLDER}, once: 100 MB", flush=True)
    sockets = psutil.net_connections("tcp")
    if not any(each.laddr and each.laddr.port == port for each in sockets):
        print(f"nobody listens on port {port}: callers go to people; start: voicectl serve")


def _talk(asterisk: Asterisk, file: Path, calls: int) -> None:
    """Let both parties say their channel of a recording."""
    answered, asked = (_mulaw(file, channel) for channel in (1, 2))
    with (
        agent(asterisk, answered),
        caller(asterisk, "helpline", asked, calls=calls) as party,
    ):
        print(f"{calls} x {len(asked) / RATE:.0f} s of {file.name}; Ctrl-C hangs up", flush=True)
        party.wait(len(asked) / RATE)
    time.sleep(0.5)


def _mulaw(file: Path, channel: int) -> bytes:
    command = ("sox", "-V1", file, "-t", "ul", "-r", str(RATE), "-", "remix", str(channel))
    return subprocess.run(command, check=True, capture_output=True).stdout


if __name__ == "__main__":
    # However it is ended, it cleans up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        main()
