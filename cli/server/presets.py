"""Commands that start the bridge for a purpose: `chatgpt-api server command` and `admin presets`.

No key is in them but one that is given for it.
"""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import Annotated

import typer

from cli import output, values

LAN_HOST = "0.0.0.0"
LAN_URL = "http://192.168.1.20:8000"
KEY_NOTE = "# Others reach it: leave CHATGPT_API_KEY unset, so that a strong key is made, or set a strong one."


class Preset(StrEnum):
    """What the bridge is started for."""

    LOCAL = "local"
    LAN = "lan"


Accounts = Annotated[
    str | None,
    typer.Option(
        metavar="ALIASES", help="The pool, comma-separated. Default: all.", autocompletion=values.several_aliases
    ),
]
StartKey = Annotated[
    str | None,
    typer.Option("--api-key", metavar="KEY", help="The key that it is to have. Default: it makes one."),
]
LanUrl = Annotated[str, typer.Option("--lan-base-url", metavar="URL", help="How others reach it.")]


def command(
    *,
    preset: Annotated[Preset, typer.Option(help="For this machine alone, or for the network.")] = Preset.LOCAL,
    accounts: Accounts = None,
    account_strategy: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Who serves, of those who can. Default: auto.", autocompletion=values.strategies
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Where it listens. Default: by the preset.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Its port. Default: 8000.")] = None,
    public_base_url: Annotated[str | None, typer.Option(metavar="URL", help="Base of download links.")] = None,
    lan_base_url: LanUrl = LAN_URL,
    start_key: StartKey = None,
) -> None:
    """Print the command that starts the bridge; nothing is started."""
    if preset is Preset.LAN:
        if start_key is None:
            output.note(KEY_NOTE)
        host, public_base_url = host or LAN_HOST, public_base_url or lan_base_url
    output.result(
        start_line(
            CHATGPT_API_KEY=start_key,
            CHATGPT_ACCOUNTS=accounts,
            CHATGPT_ACCOUNT_STRATEGY=account_strategy,
            CHATGPT_API_HOST=host,
            CHATGPT_API_PORT=port,
            CHATGPT_PUBLIC_BASE_URL=public_base_url,
        )
    )


def start_line(**variables: object) -> str:
    """The command with these variables; those that are `None` are left out."""
    given = [f"{name}={shlex.quote(str(value))}" for name, value in variables.items() if value is not None]
    return " ".join([*given, "chatgpt-api up"])
