"""The telephone of a box without a telephone system, as it stands in `[listen.sip]`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MOST_CALLS = 4
"""That the library holds; compiled into it. `pip` has no build that holds more."""
RTP_PORTS = 32
"""Two for each call, and room for calls that have just ended."""
EXTRA = "voicectl[sip]"
LIBRARY = "pjsua2"
"""That the extra brings."""
ADDRESS = r"^sips?:[^\s@;?<>\"]+@[^\s@;?<>\"]+$"
"""As people write them: nothing that would be a header."""
Address = Annotated[str, Meta(pattern=ADDRESS)]


class Sip(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How calls come to a line of `transport = "sip"`."""

    account: Annotated[str, Meta(pattern=rf"^$|{ADDRESS}")] = ""
    """Where to register, such as `sip:200@pbx.example.org`; empty: whoever calls is answered."""
    user: str = ""
    """Of the account, where its name for passwords is another one."""
    password_file: str = ""
    """A file with the account's password, readable by nobody else."""
    over: Literal["udp", "tcp", "tls"] = "udp"
    """What carries the signalling. TLS is of version 1.2."""
    certificate_file: str = ""
    """Of this box, with what leads to its authority, PEM; with `key_file`, for callers by TLS."""
    key_file: str = ""
    authority_file: str = ""
    """Certificates, PEM, by which the other side's is checked, where we call it by TLS."""
    srtp: Literal["off", "optional", "required"] = "off"
    """Whether sound is encrypted; its keys are in the signalling, which must be TLS then."""
    codecs: Annotated[tuple[Literal["G722", "PCMU", "PCMA"], ...], Meta(min_length=1)] = (
        "G722", "PCMU", "PCMA",
    )  # fmt: skip
    """The best first."""
    rtp_port: Annotated[int, Meta(ge=0, le=65_000)] = 0
    """The first of the UDP ports that sound comes to, `RTP_PORTS` in all; 0: any that are free."""
    join: tuple[Address, ...] = ()
    """Conferences and the like to call and listen to, and to call again whenever that ends."""

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        if self.over == "tls" and not (self.certificate_file and self.key_file):
            raise ValueError("a line by TLS needs certificate_file and key_file in [listen.sip]")
        if self.srtp != "off" and self.over != "tls":
            raise ValueError('srtp needs over = "tls": its keys are in the signalling')
