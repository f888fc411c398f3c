"""What this process knows of every account's quota, and what it has learnt and not yet written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bridge.quota.readings import AccountQuota, Reading, ReadingSource, read, refusal
from bridge.quota.rows import Change, Key, Remembered
from core.clock import utc_now
from core.contracts.quota import QuotaFact
from provider.interface.accounts import Limits

_SAME = timedelta(seconds=30)
"""How long a reading stands for equal ones that follow it, so that a busy account is not written all the time."""

_MOST_HISTORY = 10_000
"""Readings that wait for a database which cannot be written; the oldest go first."""

_NOTHING = AccountQuota()


class QuotaBook:
    """Hears of quota from the provider's sessions and judges requests by it; nothing here waits for anything.

    Between what upstream says, what it took is counted down here. Of two readings of the same feature the newer one
    counts, whichever process heard it.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, AccountQuota] = {}
        self._fresh: set[Key] = set()
        self._fresh_accounts: set[str] = set()
        self._spent: dict[Key, float] = {}
        self._written: dict[Key, datetime] = {}
        self._history: list[tuple[str, Reading]] = []

    def account(self, alias: str) -> AccountQuota:
        """Everything that is known of one account."""
        return self._accounts.get(alias, _NOTHING)

    @property
    def aliases(self) -> frozenset[str]:
        """The accounts of which anything is known."""
        return frozenset(self._accounts)

    def judge(self, alias: str, needs: Mapping[str, int], now: datetime | None = None) -> QuotaFact:
        """Whether an account has enough of every feature; `needs` that are empty always have."""
        return self.account(alias).judge(needs, now or utc_now())

    def told(self, alias: str, limits: Limits, *, source: ReadingSource) -> None:
        """Upstream named the account's limits."""
        before, now = self.account(alias), utc_now()
        readings = read(before.features, limits, at=now, source=source)
        if not readings and not limits.model_limits and limits.default_model is None:
            return
        for reading in readings.values():
            self._note(alias, before.features.get(reading.feature), reading)
        features = {**before.features, **readings}
        self._accounts[alias] = AccountQuota(features, limits.model_limits, limits.default_model, now, source)
        self._fresh_accounts.add(alias)

    def spent(self, alias: str, feature: str) -> None:
        """One of a feature was taken."""
        before = self.account(alias)
        reading = before.features.get(feature)
        if reading is None:
            return
        counted = replace(reading, spent=reading.spent + 1)
        self._accounts[alias] = replace(before, features={**before.features, feature: counted})
        key = (alias, feature)
        if self._written.get(key) == reading.at:
            self._spent[key] = self._spent.get(key, 0) + 1
        else:
            self._fresh.add(key)
        self._remember(alias, replace(counted, at=utc_now(), source="countdown"))

    def refused(self, alias: str, feature: str, *, retry_after_seconds: float | None) -> None:
        """Upstream refused because a feature is used up."""
        before, now = self.account(alias), utc_now()
        known = before.features.get(feature)
        resets = None if retry_after_seconds is None else now + timedelta(seconds=retry_after_seconds)
        reading = refusal(known, feature, at=now, resets_at=resets)
        self._note(alias, known, reading)
        self._accounts[alias] = replace(before, features={**before.features, feature: reading})

    def take(self) -> Change | None:
        """What is to be written, `None` for nothing; where that fails, `put_back`."""
        if not (self._fresh or self._fresh_accounts or self._spent or self._history):
            return None
        readings = {key: self._reading(key) for key in self._fresh}
        spent = {key: (amount, self._written[key]) for key, amount in self._spent.items() if key not in readings}
        whole = {alias: self._accounts[alias] for alias in self._fresh_accounts}
        change = Change(readings, spent, whole, tuple(self._history))
        self._written |= {key: reading.at for key, reading in readings.items()}
        self._fresh, self._fresh_accounts, self._spent, self._history = set(), set(), {}, []
        return change

    def put_back(self, change: Change) -> None:
        """A change could not be written; the next one brings it."""
        for key in change.readings:
            self._written.pop(key, None)
            self._spent.pop(key, None)
        self._fresh |= {key for key in change.readings if key[0] in self._accounts}
        self._fresh_accounts |= {alias for alias in change.accounts if alias in self._accounts}
        for key, (amount, at) in change.spent.items():
            if self._written.get(key) == at:
                self._spent[key] = self._spent.get(key, 0) + amount
        self._history = [*change.history, *self._history][-_MOST_HISTORY:]

    def learn(self, remembered: Remembered) -> None:
        """What the database has; this process's own newer readings stay."""
        for alias, stored in remembered.accounts.items():
            known = self.account(alias)
            features = dict(known.features)
            for name, reading in stored.features.items():
                self._learn(alias, features, name, reading)
            whole = stored if _is_newer(stored.at, known.at) else known
            self._accounts[alias] = replace(whole, features=features)
        for alias in [a for a in self._accounts if a not in remembered.accounts and not self._is_fresh(a)]:
            self.forget((alias,))

    def forget(self, aliases: Collection[str]) -> None:
        """Accounts that are gone."""
        for alias in aliases:
            self._accounts.pop(alias, None)
            self._fresh_accounts.discard(alias)
        self._fresh = {key for key in self._fresh if key[0] not in aliases}
        self._spent = {key: amount for key, amount in self._spent.items() if key[0] not in aliases}
        self._written = {key: at for key, at in self._written.items() if key[0] not in aliases}
        self._history = [(alias, reading) for alias, reading in self._history if alias not in aliases]

    def _learn(self, alias: str, features: dict[str, Reading], name: str, stored: Reading) -> None:
        known, key = features.get(name), (alias, name)
        if known is not None and known.at > stored.at:
            return
        pending = self._spent.get(key, 0) if known is not None and known.at == stored.at else 0
        if not pending:
            self._spent.pop(key, None)
        features[name] = replace(stored, spent=stored.spent + pending)
        self._fresh.discard(key)
        self._written[key] = stored.at

    def _note(self, alias: str, before: Reading | None, reading: Reading) -> None:
        """A reading that says what the last one said, and is close to it, is not worth a row."""
        key = (alias, reading.feature)
        if before is None or _said(before) != _said(reading):
            self._remember(alias, reading)
        elif not before.spent and reading.at - self._written.get(key, before.at) < _SAME and key in self._written:
            return
        self._spent.pop(key, None)
        self._fresh.add(key)

    def _remember(self, alias: str, reading: Reading) -> None:
        self._history.append((alias, reading))
        del self._history[:-_MOST_HISTORY]

    def _reading(self, key: Key) -> Reading:
        return self._accounts[key[0]].features[key[1]]

    def _is_fresh(self, alias: str) -> bool:
        return alias in self._fresh_accounts or any(key[0] == alias for key in self._fresh)


def _said(reading: Reading) -> tuple[object, ...]:
    return reading.status, reading.left


def _is_newer(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)
