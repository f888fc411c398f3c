"""An account in an operation's hands: its session, until the account must not be used any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.accounts.account import Account
from bridge.accounts.quarantine import quarantine
from bridge.accounts.registry import Registry
from bridge.routing.sessions import Kept, Sessions
from core.clock import utc_now
from core.errors import AccountQuarantinedError, BridgeError
from provider.interface.session import Session

_LOOK_SECONDS = 0.25
"""How often it is looked whether somebody else has met what puts the account into quarantine."""


@asynccontextmanager
async def using(registry: Registry, sessions: Sessions, alias: str, *, to_the_end: bool) -> AsyncIterator[Session]:
    """The kept-open session of an account, while the block runs; what `Pool.use` promises."""
    kept = await sessions.enter(await usable(registry, alias))
    clock = asyncio.timeout(None)
    looking = asyncio.create_task(_quarantined(registry, sessions, alias, kept), name="quarantine-look")
    if not to_the_end:
        looking.add_done_callback(lambda _: _expire(looking, clock))
    try:
        async with clock:
            yield kept.session
    except TimeoutError:
        if not clock.expired():
            raise
        raise looking.result() from None
    finally:
        looking.cancel()
        sessions.leave(kept)


async def usable(registry: Registry, alias: str) -> Account:
    """An account that may be used.

    Raises:
        AccountNotConfiguredError: there is no such account.
        AccountQuarantinedError: nothing may be sent with it until its capture is refreshed.
        CaptureUnreadableError, CaptureRejectedError: its capture cannot be used.
    """
    account = await registry.account(alias)
    refusal = quarantine(account, utc_now())
    if refusal is not None:
        raise refusal
    if account.error is not None:
        raise account.error.with_traceback(None)
    return account


async def _quarantined(registry: Registry, sessions: Sessions, alias: str, kept: Kept) -> AccountQuarantinedError:
    """Return once the account is in quarantine, when its session asks nothing more."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            await usable(registry, alias)
        except AccountQuarantinedError as refusal:
            sessions.halt(kept, refusal)
            return refusal
        except BridgeError:
            # No reason to break off what goes on.
            continue


def _expire(looking: asyncio.Task[AccountQuarantinedError], clock: asyncio.Timeout) -> None:
    if not looking.cancelled():
        clock.reschedule(asyncio.get_running_loop().time())
