"""`chatgpt-api menu`."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from cli import output
from cli.ending import status_of
from cli.exit import INTERRUPTED, OK
from cli.menu.asking import Leave, answer
from cli.menu.entries import ENTRIES, Entry, Where
from cli.options import ApiKey, BaseUrl

_LEAVE = ("q", "quit", "exit")
_AGAIN = ("", "?", "h", "help")


def menu(context: typer.Context, base_url: BaseUrl = None, api_key: ApiKey = None) -> None:
    """Choose from a list what to do, and be asked for the rest; needs a terminal."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("the menu needs a terminal; `chatgpt-api --help` lists the commands")
    where, root = Where(base_url, api_key), context.find_root()

    def run(words: list[str]) -> int:
        return status_of(lambda: root.command.main(args=words, prog_name=root.info_name))

    try:
        while True:
            _draw()
            chosen = answer("Choose", default="?").lower()
            if chosen in _LEAVE:
                raise typer.Exit(OK)
            if chosen in _AGAIN:
                continue
            if not (chosen.isdecimal() and 1 <= int(chosen) <= len(ENTRIES)):
                output.note(f"There is no {chosen!r}: choose 1 to {len(ENTRIES)}, or q to leave.")
            else:
                _do(ENTRIES[int(chosen) - 1], where, run)
            answer("Enter goes back to the menu", default="")
    except Leave as leaving:
        output.note("")
        raise typer.Exit(INTERRUPTED if leaving.interrupted else OK) from None


def _draw() -> None:
    output.note("\nChatGPT Bridge")
    group = ""
    for number, entry in enumerate(ENTRIES, 1):
        if entry.group != group:
            group = entry.group
            output.note(f"\n  {group}")
        output.note(f"  {number:>4}  {entry.title}")
    output.note("\n     q  Leave\n")


def _do(entry: Entry, where: Where, run: Callable[[list[str]], int]) -> None:
    """Ask for what the entry needs, and run its command; how it ended is told when it did not end well."""
    arguments = entry.arguments(where)
    if arguments is None:
        output.note("Nothing was done.")
        return
    output.note("")
    status = run([*arguments, *(where.options() if entry.calls else ())])
    if status == INTERRUPTED:
        output.note("Stopped.")
    elif status != OK:
        output.note(f"That ended with {status}.")
