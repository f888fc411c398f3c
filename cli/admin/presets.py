"""`chatgpt-api admin presets`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import output
from cli.server.presets import KEY_NOTE, LAN_HOST, LAN_URL, Accounts, LanUrl, StartKey, start_line

_MANAGE = (
    "chatgpt-api account list",
    "chatgpt-api usage",
    "chatgpt-api route explain",
    "chatgpt-api doctor",
)


def presets(
    *,
    accounts: Accounts = None,
    lan_host: Annotated[str, typer.Option(help="Where it listens for the network.")] = LAN_HOST,
    lan_base_url: LanUrl = LAN_URL,
    start_key: StartKey = None,
) -> None:
    """Print the commands that start the bridge for this machine, for the network, or spreading work by plan."""
    given = {"CHATGPT_API_KEY": start_key, "CHATGPT_ACCOUNTS": accounts}
    network = {"CHATGPT_API_HOST": lan_host, "CHATGPT_PUBLIC_BASE_URL": lan_base_url}
    blocks = {
        "For this machine": [start_line(**given)],
        "For the network": [*([KEY_NOTE] if start_key is None else ()), start_line(**given, **network)],
        "Work spread over the accounts by their plans": [start_line(**given, CHATGPT_ACCOUNT_STRATEGY="weighted")],
        "To look after it": _MANAGE,
    }
    output.result("\n\n".join("\n".join([f"# {title}", *lines]) for title, lines in blocks.items()))
