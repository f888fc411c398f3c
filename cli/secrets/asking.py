"""Passphrases, asked on the terminal, so that they are in no history and no list of processes."""

from __future__ import annotations

import getpass
import sys

import typer


def passphrase(what: str, *, twice: bool = False) -> str:
    """Ask for a passphrase, without showing it.

    Args:
        twice: whether it is a new one, which a slip of the finger must not decide.

    Raises:
        typer.BadParameter: there is no terminal, nothing was typed, or not the same twice.
    """
    if not sys.stdin.isatty():
        raise typer.BadParameter("a passphrase is asked for on a terminal, and there is none")
    given = getpass.getpass(f"{what}: ", stream=sys.stderr).strip()
    if not given:
        raise typer.BadParameter("the passphrase is empty")
    if twice and getpass.getpass("The same again: ", stream=sys.stderr).strip() != given:
        raise typer.BadParameter("these were two different passphrases")
    return given
