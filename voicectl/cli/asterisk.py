"""`voicectl asterisk`: what the telephone system of the site has to know."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from voicectl.asterisk import HUMANS, TRANSPORTS
from voicectl.cli import show
from voicectl.cli.help import Command, group
from voicectl.errors import UnknownName

PASSWORD_BYTES = 24

app = group("What the telephone system of the site has to know.")


@app.command("config", cls=Command)
def config(
    *,
    transport: Annotated[
        str | None,
        typer.Option(
            "--transport",
            metavar="NAME",
            help=f"How the sound comes: {', '.join(TRANSPORTS)}.",
            show_default="that of each line",
        ),
    ] = None,
    humans: Annotated[
        str,
        typer.Option(
            "--humans",
            metavar="APPLICATION",
            help="What your dialplan does to bring callers to people.",
            show_default=HUMANS,
        ),
    ] = HUMANS,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="NAME", help="Print this file only, as it is."),
    ] = None,
) -> None:
    """Print what goes into extensions.conf and other files of Asterisk, for each [[listen]].

    In all of it a call never depends on voicectl: it listens beside the call, or
    callers go on to people when it hangs up, is dead, or dies. Nothing is changed.
    """
    if transport is not None:
        _known("transport", transport, TRANSPORTS)
    files = _files(transport, humans)
    if file is not None:
        _known("file", file, tuple(files))
        _print(files[file])
        return
    for name, texts in files.items():
        show.answer(f"; ---- {name} ----")
        _print(texts)
        show.answer()


def _files(transport: str | None, humans: str) -> dict[str, list[str]]:
    """Return what goes into each file."""
    from voicectl import config, paths
    from voicectl.asterisk.snippets import lines, snippets

    site = config.read(paths.config_file())
    password = site.asterisk.password or secrets.token_urlsafe(PASSWORD_BYTES)
    files: dict[str, list[str]] = {}
    for line in lines(site.listen, transport):
        for piece in snippets(line, site.asterisk, password, humans):
            texts = files.setdefault(piece.file, [])
            if piece.text not in texts:  # all lines share Asterisk's REST interface
                texts.append(piece.text)
    if not site.listen:
        show.note("voicectl.toml has no [[listen]]: this is for a line on 127.0.0.1:8301")
    if "ari.conf" in files and not site.asterisk.password_file:
        show.note(
            "the password is new: put it into a file that nobody else can read, and that into"
            ' voicectl.toml: [asterisk] password_file = "ari.password"'
        )
    return files


def _known(what: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise UnknownName(f"there is no {what} '{name}'", hint=f"there are: {', '.join(names)}")


def _print(texts: list[str]) -> None:
    for line in "\n".join(texts).splitlines():
        show.answer(line)
