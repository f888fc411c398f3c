"""What several of these commands have, and how they read a capture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import values
from cli.account.pasting import END, pasted

Alias = Annotated[str, typer.Argument(metavar="ALIAS", help="The account's name.", autocompletion=values.aliases)]
CaptureFile = Annotated[
    Path | None,
    typer.Option(help="File that holds the copied request: cURL, fetch, PowerShell, headers or a HAR; - is stdin."),
]
Paste = Annotated[bool, typer.Option("--paste", help=f"Read the copied request from the terminal, to a line {END}.")]
LiveVerify = Annotated[
    bool, typer.Option("--live-verify/--no-live-verify", help="Ask ChatGPT whether it works; costs no quota.")
]
OtherLogin = Annotated[
    bool, typer.Option("--other-login", help="The capture is of another login than the one before it.")
]


def capture(file: Path | None, paste: bool, as_json: bool) -> str:
    """The capture, from where the options say; without any from what is piped in, or asked for on a terminal.

    Raises:
        typer.BadParameter: there is none, or two places are named.
    """
    if paste and file is not None:
        raise typer.BadParameter("choose one of --capture-file and --paste")
    if file is not None and str(file) != "-":
        text = file.read_text(encoding="utf-8", errors="replace")
    elif as_json and not paste and file is None and sys.stdin.isatty():
        raise typer.BadParameter("give the capture with --capture-file or --paste")
    else:
        text = pasted()
    if not text.strip():
        raise typer.BadParameter("the capture is empty")
    return text


def asked_alias(given: str | None, as_json: bool) -> str:
    """The account's name, asked for on a terminal.

    Raises:
        typer.BadParameter: there is nobody to ask.
    """
    if given is not None:
        return given
    if as_json or not sys.stdin.isatty():
        raise typer.BadParameter("name the account with --account")
    alias: str = typer.prompt("Name of the account", err=True)
    return alias
