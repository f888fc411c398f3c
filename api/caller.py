"""Who asks, as the bridge's rooms know them."""

from __future__ import annotations

from typing import cast

from starlette.types import Scope

from api.auth import GRANT
from api.binding import is_loopback
from api.links import public_base
from api.services import Services
from bridge.accounts.account import Account
from bridge.files.references import Caller
from bridge.keys.grant import Grant
from core.settings import ServerSettings


def grant_of(scope: Scope) -> Grant:
    """What this request's key allows. Only for routes that nobody reaches without one."""
    return cast(Grant, scope[GRANT])


def owner_of(scope: Scope) -> str:
    """Who owns what this request makes."""
    return grant_of(scope).owner


async def accounts_of(services: Services, grant: Grant) -> tuple[Account, ...]:
    """The pool as far as a key may use it, in the pool's order.

    Raises:
        StoreError: the accounts cannot be read.
    """
    pool = await services.bridge.registry.snapshot()
    return pool if not grant.accounts else tuple(account for account in pool if account.alias in grant.accounts)


def caller_of(scope: Scope, settings: ServerSettings) -> Caller:
    """Whoever sent this request, and where they reach the server: by its public base and this machine's own names."""
    arrived, port = scope.get("server") or (settings.host, settings.port)
    names = {arrived, "localhost", "127.0.0.1"} if is_loopback(arrived) else {arrived}
    local = (f"{scope['scheme']}://{f'[{name}]' if ':' in name else name}:{port}" for name in sorted(names))
    return Caller(owner_of(scope), (public_base(scope, settings), *local))
