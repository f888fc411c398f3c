"""Values that a shell completes: those of a fixed list, and names of what a running bridge has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

import typer

if TYPE_CHECKING:
    from integrations.client import BridgeClient

Complete: TypeAlias = Callable[[typer.Context, str], list[str]]

_SECONDS = 1.0
"""How long a shell may wait for a bridge; without an answer nothing is offered."""

_KINDS = ("chat", "image", "edit", "vision", "research", "response")


def kinds(_context: typer.Context, begun: str) -> list[str]:
    """Kinds of requests."""
    return _beginning(begun, _KINDS)


def strategies(_context: typer.Context, begun: str) -> list[str]:
    """Strategies of routing."""
    from core.contracts.routing import Strategy

    return _beginning(begun, Strategy)


def scopes(_context: typer.Context, begun: str) -> list[str]:
    """Scopes of a key, with commas between them."""
    from core.contracts.keys import AccessScope

    return _listing(begun, AccessScope)


def aliases(context: typer.Context, begun: str) -> list[str]:
    """The accounts of the running bridge."""
    return _beginning(begun, _aliases(context))


def several_aliases(context: typer.Context, begun: str) -> list[str]:
    """The same, with commas between them."""
    return _listing(begun, _aliases(context))


def stored_aliases(_context: typer.Context, begun: str) -> list[str]:
    """The accounts of the folder on this machine."""
    from bridge.vault import Vault
    from core.errors import BridgeError
    from core.settings import AccountsSettings, load

    try:
        return _beginning(begun, Vault.of(load(AccountsSettings)).aliases())
    except BridgeError:
        return []


def key_ids(context: typer.Context, begun: str) -> list[str]:
    """The API keys of the running bridge that were not revoked."""
    return _beginning(
        begun, _asked(context, lambda client: [key.id for key in client.keys.all().data if key.state != "revoked"])
    )


def _aliases(context: typer.Context) -> list[str]:
    return _asked(context, lambda client: [account.alias for account in client.account.all().data])


def _asked(context: typer.Context, ask: Callable[[BridgeClient], list[str]]) -> list[str]:
    from cli.options import connect
    from core.errors import BridgeError
    from integrations.client import ClientError

    where = (context.params.get(name) for name in ("base_url", "api_key"))
    try:
        with connect(*where, silence_seconds=_SECONDS) as client:
            return ask(client)
    except (BridgeError, ClientError, OSError):
        return []


def _beginning(begun: str, values: Iterable[str]) -> list[str]:
    return [str(value) for value in values if value.startswith(begun)]


def _listing(begun: str, values: Iterable[str]) -> list[str]:
    before, comma, last = begun.rpartition(",")
    taken = {name.strip() for name in before.split(",")}
    return [f"{before}{comma}{value}" for value in _beginning(last, values) if value not in taken]
