"""`voicectl monitor`: live calls on a terminal, or in a browser."""

from __future__ import annotations

import os
import secrets
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from voicectl.cli import show
from voicectl.cli.help import switch
from voicectl.errors import UsageError

LOOPBACK, PORT = "127.0.0.1", 8400
SHORTEST = 16
"""Characters of a key: fewer can be guessed."""


def monitor(
    *,
    web: Annotated[bool, switch("--web", help_text="Show it in a browser instead.")] = False,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            show_default=LOOPBACK,
            help="With --web: where browsers come to. Any other needs --key-file.",
        ),
    ] = LOOPBACK,
    port: Annotated[
        int, typer.Option(metavar="N", min=1, max=65535, show_default=str(PORT), help="With --web.")
    ] = PORT,
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--key-file",
            metavar="FILE",
            help="With --web: its first line is the key that browsers have to bring. "
            "Without it a new one is made each time.",
        ),
    ] = None,
) -> None:
    """Watch calls while they go on, and look after jobs and the daemon.

    Both sides of every call in progress, what was said so far, and what it means. No daemon is
    started; one that is away is waited for. Press ? for the keys.
    """
    if web:
        _serve(host, port, _key(host, key_file))
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "the monitor needs a terminal",
            hint="for programs there are: voicectl calls follow --json, voicectl calls live --json",
        )
    from voicectl.cli.door import look_in
    from voicectl.tui.app import Monitor

    Monitor(look_in).run()


def _key(host: str, file: Path | None) -> str:
    """Return the key that browsers have to bring. Raises `UsageError`."""
    if file is None:
        if not _is_loopback(host):
            raise UsageError(
                f"others reach {host}, so the monitor needs a key there",
                hint="write one of 16 characters or more into a file, and name it with --key-file",
            )
        return secrets.token_urlsafe(SHORTEST)
    from voicectl.handwritten import content

    try:
        key = content(file, 1024).decode().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"the key in {file} cannot be read: {why}") from error
    if len(key) < SHORTEST:
        raise UsageError(
            f"the key in {file} has {show.count(len(key), 'character')}, {SHORTEST} are the fewest",
            hint=f"write a new one with: openssl rand -hex {SHORTEST} > {file}",
        )
    return key


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _serve(host: str, port: int, key: str) -> None:
    from urllib.parse import quote

    try:
        from voicectl.tui.web.server import Web
    except ImportError as error:
        raise UsageError(
            "what serves the monitor to browsers is not installed",
            hint=f"install it with: {sys.executable} -m pip install 'voicectl[web]'",
        ) from error
    where = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def ready() -> None:
        show.answer(f"{where}/?key={quote(key, safe='')}")
        sys.stdout.flush()
        show.note("open it in a browser; Ctrl-C ends it")
        if not _is_loopback(host):
            show.note("what is shown travels as it is: put TLS or a tunnel in front", "yellow")

    try:
        Web(host, port, key, ready).serve()
    except OSError as error:
        raise UsageError(
            f"the monitor cannot be served on {where}: {os.strerror(error.errno or 0)}",
            hint="choose another --port or --host",
        ) from error
