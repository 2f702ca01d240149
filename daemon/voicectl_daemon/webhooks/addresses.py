"""Where messages may go: this machine, private networks, and what the site named."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Container
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from voicectl.errors import LeavesPremises
from voicectl.webhook import Webhook

PRIVATE = tuple(
    map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
) + tuple(map(ip_network, ("::1/128", "fc00::/7")))
"""Loopback, RFC 1918 and RFC 4193. Not link-local: services of a cloud are there."""


def stays(address: str) -> bool:
    """Whether what is sent to an address stays on the premises."""
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in PRIVATE)


def is_abroad(host: str) -> bool:
    """Whether a host is an address beyond the premises; of a name that is not known."""
    try:
        return not stays(host)
    except ValueError:
        return False


async def addresses_of(hook: Webhook, hosts: Container[str]) -> list[str]:
    """Return the addresses to which a hook may be sent, and no others: whoever sends uses these.

    A name that means one of a private network now may mean another one in a moment.
    Raises `OSError` for one that means nothing, `LeavesPremises`.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(hook.host, hook.port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(errno.EINVAL, "that is no name of a host") from error
    addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
    if not all(map(stays, addresses)):
        demand_that_it_may_leave(hook, hosts)
    return addresses


def demand_that_it_may_leave(hook: Webhook, hosts: Container[str]) -> None:
    """Raise `LeavesPremises` unless the site named the host, and nobody can read on the way."""
    if hook.host not in hosts:
        raise LeavesPremises(
            f"{hook.host} is not on a private network, and this site did not allow it",
            hint="who may decide it writes in voicectl.toml, and restarts the daemon:"
            f'  [premises]  hosts = ["{hook.host}"]',
        )
    if not hook.secure:
        raise LeavesPremises(
            f"{hook.host} is not on a private network, and http can be read on the way there",
            hint=f"give the webhook '{hook.name}' a url that begins with https://",
        )
