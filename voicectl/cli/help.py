"""How commands and groups of commands are declared and explained.

Typer's own help page cuts long names of flags on a terminal of 80 columns;
this one never does.
"""

from __future__ import annotations

import inspect
import re
from typing import Any, TypeAlias

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from voicectl.cli.show import stdout
from voicectl.errors import ExitStatus

PANEL, ARGUMENTS = "Options", "Arguments"
WIDEST = 44
"""Columns for the names of flags."""
_BREAK = re.compile(r"(?<=\S)\n(?=\S)")
_NO_BRACES = str.maketrans("", "", "{}")
Sections: TypeAlias = dict[str, list[tuple[Text, Text]]]
"""Rows of a help page by the title above them."""
SETTINGS: dict[str, Any] = {
    # `_` and `-` are the same in every flag, as whisper and its ports spell them.
    "token_normalize_func": lambda token: token.replace("_", "-"),
    "help_option_names": ["--help", "-h"],
}


class Command(TyperCommand):
    """One command."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        _write(formatter, _page(self, ctx))


class Group(TyperGroup):
    """A noun with several commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; without any, explain the commands."""
        if not args and not ctx.resilient_parsing:
            typer.echo(self.get_help(ctx), err=True)
            raise typer.Exit(int(ExitStatus.USAGE))
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        panels: Sections = {}
        for name in self.list_commands(ctx):
            command: Any = self.commands[name]
            first_line = (command.help or "").strip().partition("\n")[0]
            row = (Text(name, "cyan"), Text(first_line))
            panels.setdefault(command.rich_help_panel or "Commands", []).append(row)
        _write(formatter, _page(self, ctx, panels))


def group(help_text: str, cls: type[Group] = Group) -> typer.Typer:
    """Return an empty group of commands."""
    return typer.Typer(
        cls=cls,
        help=help_text,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings=SETTINGS,
    )


def switch(*names: str, help_text: str) -> Any:
    """Return an option without a value."""
    return typer.Option(*names, help=help_text, metavar="", show_default=False)


JSON = switch("--json", help_text="Print JSON instead.")


def _page(command: Any, ctx: typer.Context, commands: Sections | None = None) -> list[Any]:
    """Return the parts of a help page."""
    panels: Sections = {}
    for each in command.get_params(ctx):
        if isinstance(each, TyperOption):
            panels.setdefault(each.rich_help_panel or PANEL, []).append(_row(each))
        elif isinstance(each, TyperArgument) and each.help:
            panels.setdefault(ARGUMENTS, []).append(_argument(each))
    panels = {**panels, PANEL: panels.pop(PANEL, []), **(commands or {})}
    about = Text(_flowing(inspect.cleandoc(command.help or "")))
    parts: list[Any] = [
        Text.assemble(("Usage: ", "bold"), f"{ctx.command_path} {_usage(command, ctx)}"),
        "",
        about,
    ]
    for title, rows in panels.items():
        parts += ["", Text(title, style="bold"), _section(rows)]
    return parts


def _usage(command: Any, ctx: typer.Context) -> str:
    """Return what may follow the command; Typer has no dots behind a name that is ours."""
    several = [each for each in command.get_params(ctx) if each.nargs < 0 and each.metavar]
    dotted = {piece for each in several for piece in each.get_usage_pieces(ctx)}
    pieces = command.collect_usage_pieces(ctx)
    usage = " ".join(f"{piece}..." if piece in dotted else piece for piece in pieces)
    return usage.translate(_NO_BRACES)


def _flowing(text: str) -> str:
    """Return a text whose paragraphs are one line each, so that a terminal breaks them where its
    own edge is; indented lines, which are examples, stay as they are.
    """
    return _BREAK.sub(" ", text)


def _write(formatter: Any, parts: list[Any]) -> None:
    console = stdout()
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    # Rich fills lines with spaces up to the edge of the terminal.
    formatter.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _row(option: TyperOption) -> tuple[Text, Text]:
    names = ", ".join(sorted(option.opts, key=lambda name: name.startswith("--")))
    left = Text(names, style="cyan")
    if not option.is_flag:
        left.append(f" {option.metavar or (option.name or '').upper()}", style="dim cyan")
    right = Text(option.help or "")
    default = option.show_default if isinstance(option.show_default, str) else ""
    if default:
        right.append(f" [{default}]", style="dim")
    return left, right


def _argument(argument: TyperArgument) -> tuple[Text, Text]:
    name = argument.metavar or (argument.name or "").upper()
    return Text(name, style="cyan"), Text(argument.help or "")


def _section(rows: list[tuple[Text, Text]]) -> Padding:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=min(WIDEST, max(left.cell_len for left, _ in rows)), no_wrap=True)
    grid.add_column()
    for row in rows:
        grid.add_row(*row)
    return Padding(grid, (0, 0, 0, 2))
