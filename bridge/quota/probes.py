"""Asking upstream what is left: in parallel, briefly, never twice at once, and in a lane of its own.

A probe takes no slot: a long research on an account does not keep anybody from reading its quota.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from bridge.accounts.account import Account
from bridge.quota.book import QuotaBook
from core.clock import utc_now
from core.errors import BridgeError, UpstreamTimeoutError
from core.logging import get_logger
from provider.interface.session import Session

_log = get_logger(__name__)

_LANE = 8
"""Probes at once, over all accounts."""

Lend: TypeAlias = Callable[[str], Awaitable[Session]]
Report: TypeAlias = Callable[[str, BridgeError], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Probe:
    """The last time an account was asked; `error` says why it did not answer."""

    at: datetime
    error: BridgeError | None = None


class Probes:
    """Asks accounts for their limits; what they answer is in the book, because their sessions tell it.

    An account that is switched off, quarantined, not usable or cooling is not asked at all.
    """

    def __init__(
        self, book: QuotaBook, lend: Lend, report: Report, *, timeout_seconds: float, cache_seconds: float
    ) -> None:
        """Args:
        lend: the kept-open session of an account.
        report: told of errors, which may mean more than that a probe failed.
        cache_seconds: an account that was asked, or told by itself, within these is not asked again.
        """
        self._book = book
        self._lend = lend
        self._report = report
        self._timeout = timeout_seconds
        self._cache = timedelta(seconds=cache_seconds)
        self._lane = asyncio.Semaphore(_LANE)
        self._asked: dict[str, Probe] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    def last(self, alias: str) -> Probe | None:
        """The last time an account was asked by this process."""
        return self._asked.get(alias)

    async def refresh(self, accounts: Iterable[Account], *, force: bool = False) -> None:
        """Have the accounts' limits as new as the cache allows; failures are kept as the accounts' last probe.

        Args:
            force: ask also those whose limits are new.
        """
        now = utc_now()
        due = [a.alias for a in accounts if a.askable(now) and (force or self._is_old(a.alias, now))]
        if due:
            await asyncio.wait([self._ask(alias) for alias in due])

    async def preflight(self, accounts: Iterable[Account], needs: Mapping[str, int]) -> None:
        """Ask those of whom it is unknown whether they have enough of what a request needs."""
        if not needs:
            return
        now = utc_now()
        unknown = [a for a in accounts if self._book.judge(a.alias, needs, now).status == "unknown"]
        if unknown:
            await self.refresh(unknown)

    async def aclose(self) -> None:
        """Ask nobody any more."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_old(self, alias: str, now: datetime) -> bool:
        asked, told = self._asked.get(alias), self._book.account(alias).at
        known = [at for at in (None if asked is None else asked.at, told) if at is not None]
        return all(at + self._cache <= now for at in known)

    def _ask(self, alias: str) -> asyncio.Task[None]:
        task = self._asking.get(alias)
        if task is None:
            task = asyncio.create_task(self._probe(alias), name=f"quota-probe-{alias}")
            self._asking[alias] = task
            task.add_done_callback(lambda _: self._asking.pop(alias, None))
        return task

    async def _probe(self, alias: str) -> None:
        error: BridgeError | None = None
        try:
            async with self._lane, asyncio.timeout(self._timeout):
                await (await self._lend(alias)).limits()
        except TimeoutError:
            error = UpstreamTimeoutError(f"Upstream did not name the limits within {self._timeout:g} s.")
        except BridgeError as problem:
            error = problem
            await self._report(alias, problem)
        self._asked[alias] = Probe(utc_now(), error)
        if error is not None:
            _log.info("quota_probe_failed", account=alias, code=error.code)
