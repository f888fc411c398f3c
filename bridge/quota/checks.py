"""Looking after accounts: asking upstream, with cheap reads only, whether they work. It costs no chat."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bridge.accounts.account import Account, AccountState, Health
from bridge.accounts.registry import Registry
from bridge.accounts.reopening import Reopening
from bridge.quota.probes import Lend, Probe
from bridge.quota.quota import Quota
from bridge.quota.readings import AccountQuota
from core.clock import utc_now
from core.errors import BridgeError, UpstreamTimeoutError

_PROOF_SECONDS = 20.0

Told: TypeAlias = Callable[[str, BridgeError | None], Awaitable[None]]
"""Takes an account and what came of asking it; `None` is a success."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one account's check.

    Attributes:
        ok: `None` where nobody knows: nothing was asked, or upstream could not be asked.
        asked: whether anything was sent: an account that somebody has to look after is left alone, and so is one that
            is paused or cooling.
        proved: upstream did not name the limits, but a second read showed that the login is good.
        error: why it is not ok.
    """

    account: Account
    quota: AccountQuota
    probe: Probe | None
    ok: bool | None
    asked: bool
    proved: bool = False
    error: BridgeError | None = None


class AccountChecks:
    """Checks accounts, in parallel."""

    def __init__(self, registry: Registry, quota: Quota, lend: Lend, report: Told, reopening: Reopening) -> None:
        """Args:
        lend: the kept-open session of an account.
        report: told of errors, which may mean more than that a check failed, and of successes.
        """
        self._reopening = reopening
        self._registry = registry
        self._quota = quota
        self._lend = lend
        self._report = report

    async def check(
        self, aliases: Collection[str] | None = None, *, again_by: str | None = None
    ) -> tuple[Checked, ...]:
        """Ask for the accounts' limits, whatever is known of them; those that do not exist are left out.

        Args:
            aliases: `None` for every account of the pool.
            again_by: the operator who says that accounts which upstream had closed work again; they are asked, too.
        """
        closed = await self._asked_again(await self._wanted(aliases), again_by)
        before = await self._wanted(aliases)
        now = utc_now()
        asked = {account.alias for account in before if account.askable(now)}
        await self._quota.refresh(before, force=True)
        # What an account said may have put it into quarantine.
        after = await self._wanted(aliases)
        return tuple(
            await asyncio.gather(
                *(self._judge(account, account.alias in asked, closed.get(account.alias)) for account in after)
            )
        )

    async def _asked_again(self, accounts: Sequence[Account], actor: str | None) -> dict[str, BridgeError]:
        """What upstream says of those that it had closed, where it does not take them."""
        if actor is None:
            return {}
        answers = {
            account.alias: await self._reopening.ask(account.alias, actor=actor)
            for account in accounts
            if account.health is Health.BLOCKED and account.state is not AccountState.PAUSED
        }
        return {alias: error for alias, error in answers.items() if error is not None}

    async def _wanted(self, aliases: Collection[str] | None) -> list[Account]:
        accounts = await self._registry.snapshot()
        return [account for account in accounts if aliases is None or account.alias in aliases]

    async def _judge(self, account: Account, asked: bool, closed: BridgeError | None) -> Checked:
        alias = account.alias
        quota, probe = self._quota.book.account(alias), self._quota.probes.last(alias)
        if closed is not None:
            return Checked(account, quota, probe, False, asked=True, error=closed)
        if not asked:
            ok = None if account.error is None and account.health is Health.OK else False
            return Checked(account, quota, probe, ok, asked=False, error=account.error)
        error = None if probe is None else probe.error
        if error is None:
            await self._report(alias, None)
            return Checked(account, quota, probe, True, asked=True)
        if not account.askable(utc_now()):
            return Checked(account, quota, probe, False, asked=True, error=error)
        problem = await self._prove(alias)
        ok = True if problem is None else None
        return Checked(account, quota, probe, ok, asked=True, proved=problem is None, error=problem)

    async def _prove(self, alias: str) -> BridgeError | None:
        """The limits could not be read, which says nothing of the login: another read may."""
        try:
            async with asyncio.timeout(_PROOF_SECONDS):
                await (await self._lend(alias)).verify()
        except TimeoutError:
            return UpstreamTimeoutError(f"Upstream did not answer within {_PROOF_SECONDS:g} s.")
        except BridgeError as error:
            await self._report(alias, error)
            return error
        await self._report(alias, None)
        return None
