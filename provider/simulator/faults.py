"""What an operator of the simulator makes go wrong: rules for coming requests, and requests that are held."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from core.errors import InvalidRequestError
from provider.simulator.ledger import Call
from provider.simulator.refusals import CATALOGUE, Answer
from provider.simulator.scenarios import Scenario, UnknownScenarioError, from_choices

Point = Literal["before", "after"]


class ConnectionDroppedError(Exception):
    """The connection is to be cut without another byte."""


@dataclass(slots=True)
class Rule:
    """What happens to the next requests that match.

    Attributes:
        path: a pattern (`*` and `?`) over the route, `/backend-api/conversation/{id}`, or the path itself.
        method: of the request, `None` for any.
        account: an alias, `None` for any.
        times: how many requests it applies to; 0 is until it is removed.
        skip: how many matching requests it lets pass first.
        delay_seconds: wait before the request is looked at; not scaled.
        hold: wait for a release, before or after the request was handled.
        drop: cut the connection, before or after the request was handled.
        answer: what is answered instead of handling the request.
        scenario: for `f/conversation`: what the turn does.
        applied: how many requests it has been applied to.
    """

    number: int
    path: str = "*"
    method: str | None = None
    account: str | None = None
    times: int = 1
    skip: int = 0
    delay_seconds: float = 0.0
    hold: Point | None = None
    drop: Point | None = None
    answer: Answer | None = None
    scenario: Mapping[str, Any] | None = None
    applied: int = 0

    def matches(self, call: Call) -> bool:
        """Whether the rule is about this request."""
        if self.method is not None and self.method != call.method:
            return False
        if self.account is not None and self.account != call.account:
            return False
        return fnmatchcase(call.route, self.path) or fnmatchcase(call.path, self.path)

    def apply_to(self, scenario: Scenario) -> Scenario:
        """`scenario` changed by the rule's own."""
        return from_choices(self.scenario, scenario) if self.scenario else scenario


class BadRuleError(InvalidRequestError):
    """A rule that says nothing the simulator understands; the message says why."""


class Rules:
    """The rules in force, in the order they were added."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._number = 0

    def add(
        self,
        *,
        path: str = "*",
        method: str | None = None,
        account: str | None = None,
        times: int = 1,
        skip: int = 0,
        delay_seconds: float = 0.0,
        hold: Point | None = None,
        drop: Point | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        refusal: str | None = None,
        scenario: Mapping[str, Any] | None = None,
    ) -> Rule:
        """Add a rule. `status` (with `headers` and `body`) or `refusal` (a name of the catalogue) answers by itself.

        Raises:
            BadRuleError: an unknown refusal, scenario or point.
        """
        for point in (hold, drop):
            if point not in (None, "before", "after"):
                raise BadRuleError(f"hold and drop are 'before' or 'after', not {point!r}")
        try:
            from_choices(scenario or {})
        except UnknownScenarioError as unknown:
            raise BadRuleError(unknown.message) from None
        self._number += 1
        answer = _answer(status, headers, body, refusal)
        rule = Rule(
            self._number,
            path=path,
            method=method,
            account=account,
            times=times,
            skip=skip,
            delay_seconds=delay_seconds,
            hold=hold,
            drop=drop,
            answer=answer,
            scenario=scenario,
        )
        self._rules.append(rule)
        return rule

    def take(self, call: Call) -> Rule | None:
        """The first rule about this request; counts it, and removes the rule after its last time."""
        if not self._rules:
            return None
        for rule in self._rules:
            if not rule.matches(call):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            rule.applied += 1
            if rule.times and rule.applied >= rule.times:
                self._rules.remove(rule)
            return rule
        return None

    def remove(self, number: int) -> bool:
        """Remove one rule; `False` when there is none of that number."""
        before = len(self._rules)
        self._rules = [rule for rule in self._rules if rule.number != number]
        return len(self._rules) < before

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def listed(self) -> list[Rule]:
        """The rules in force."""
        return list(self._rules)


def _answer(
    status: int | None, headers: Mapping[str, str] | None, body: str | None, refusal: str | None
) -> Answer | None:
    if refusal is not None:
        if refusal not in CATALOGUE:
            raise BadRuleError(f"no refusal is called {refusal!r}")
        return CATALOGUE[refusal]
    if status is None:
        return None
    named = {name.lower(): value for name, value in (headers or {}).items()}
    return Answer(status, body or "", named or {"content-type": "application/json"})


@dataclass(slots=True)
class Held:
    """A request that waits to be released. `at` is monotonic."""

    number: int
    point: str
    account: str | None
    route: str
    at: float = field(default_factory=time.monotonic)
    released: asyncio.Event = field(default_factory=asyncio.Event)


class Holds:
    """Requests that wait for somebody to release them."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._number = 0
        self._arrived = asyncio.Condition()

    async def wait(self, call: Call, point: str) -> None:
        """Hold a request until it is released."""
        self._number += 1
        held = Held(self._number, point, call.account, call.route)
        self._held[held.number] = held
        async with self._arrived:
            self._arrived.notify_all()
        try:
            await held.released.wait()
        finally:
            self._held.pop(held.number, None)

    async def arrived(self, number: int, timeout: float) -> list[Held]:
        """Wait until at least so many requests are held, and return them in order of arrival.

        Raises:
            TimeoutError: fewer are held after `timeout` seconds.
        """
        async with self._arrived:
            await asyncio.wait_for(self._arrived.wait_for(lambda: len(self._held) >= number), timeout)
        return self.listed()

    def release(self, number: int | None = None) -> int:
        """Release one held request, or all; returns how many."""
        chosen = [held for held in self._held.values() if number in (None, held.number)]
        for held in chosen:
            held.released.set()
        return len(chosen)

    def listed(self) -> list[Held]:
        """Those held now, in order of arrival."""
        return [held for held in self._held.values() if not held.released.is_set()]
