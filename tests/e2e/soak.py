"""The world of the soak: what befalls accounts, what operators do, and clients that notice none of it.

A second stands for five minutes. What upstream limits ends by itself, at the time upstream names: nobody clears a
cooldown here. What somebody has to look after is looked after by an operator, over the API.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx2

from core.contracts.routing import Strategy
from tests.e2e.calls import ASYNC, CHAT, IMAGES, chat, operation
from tests.e2e.stack import Stack
from tests.fakes.waiting import until

PLANS = ("free", "go", "plus", "pro", "team")
MINUTES_A_SECOND = 5
ACCOUNTS, COOLDOWNS, LIMITS = "/v1/chatgpt/accounts", "/v1/chatgpt/cooldowns", "/v1/chatgpt/limits"
STRATEGIES = tuple(one for one in Strategy if one is not Strategy.STICKY)
TURN, TOKENS = "*/f/conversation", "*/sentinel/*"

GRACE_SECONDS = 0.7
"""A process sees what another one has met a quarter of a second later, and looks every quarter of a second."""

NATURAL = ("limited", "used_up", "unreachable")
"""They end by themselves."""

BY_HAND = ("challenged", "expired", "deleted", "lowered", "paused", "drained")
"""An operator ends them, and begins all but the first two."""

EDITS = ("weighed", "noted", "updated", "raised")
"""What an operator does to an account that works."""


@dataclass
class Soak:
    """What goes on, and what came of it."""

    stack: Stack
    operator: httpx2.AsyncClient
    chance: random.Random
    troubled: dict[str, str] = field(default_factory=dict)
    chats: Counter[str] = field(default_factory=Counter)
    served_by: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)
    painted: list[str] = field(default_factory=list)
    trespassed: list[str] = field(default_factory=list)
    challenged_at: dict[str, float] = field(default_factory=dict)
    under_way: dict[int, float] = field(default_factory=dict)
    phases: int = 0
    captures: int = 0

    async def phase(self, well: str, seconds: float) -> None:
        """Everybody but one gets into trouble, and whoever does not get well alone is mended."""
        await until(partial(self._is_well, well), seconds=30)
        await self._newcomers_only()
        for alias in PLANS:
            if alias != well:
                kind = self.troubled[alias] = self.chance.choice(NATURAL + BY_HAND)
                self.troubles[kind] += 1
                await self._begin(alias, kind, seconds)
        await self._edit(well)
        await asyncio.sleep(seconds)
        await self._mend()
        self.phases += 1

    async def talk(self, number: int, stop: asyncio.Event, http: httpx2.AsyncClient) -> None:
        """One chat after the other, each its own conversation."""
        turn = 0
        while not stop.is_set():
            turn += 1
            strategy = self.chance.choice(STRATEGIES)
            body = chat(f"[sim:slow=0.05] client {number} turn {turn}", chatgpt_account_strategy=strategy)
            self.under_way[number] = time.monotonic()
            answer = await http.post(CHAT, json=body)
            del self.under_way[number]
            if answer.status_code == 200:
                self.chats["answered"] += 1
                self.served_by[answer.headers["x-chatgpt-account"]] += 1
            else:
                self.chats[answer.json()["error"]["code"]] += 1

    async def paint(self, number: int, stop: asyncio.Event, http: httpx2.AsyncClient) -> None:
        """One picture after the other, each looked for several times until it is there."""
        while not stop.is_set():
            prompt = f"[sim:image=async,seconds=0.7,pixels=32] painter {number}, {len(self.painted)}"
            body = {"prompt": prompt, "chatgpt_account_strategy": self.chance.choice(STRATEGIES)}
            operation_id = (await http.post(IMAGES, json=body, headers=ASYNC)).json()["operation"]["id"]
            self.painted.append(operation_id)
            await until(partial(_over, stop, http, operation_id), seconds=120)

    async def pictures(self) -> dict[str, Counter[str]]:
        """What became of the operations, and on which accounts, once everybody is well and each has ended."""
        told = {"ended": Counter[str](), "on": Counter[str]()}
        for operation_id in self.painted:
            await until(partial(_over, asyncio.Event(), self.operator, operation_id), seconds=60)
            found = await operation(self.operator, operation_id)
            told["ended"][found["error"]["code"] if found["error"] else found["state"]] += 1
            told["on"][found["account"]] += 1
        return told

    async def recoveries(self) -> Counter[str]:
        """How cooldowns began and ended, by the accounts' own events."""
        told, cursor = Counter[str](), ""
        while True:
            page = (await self.operator.get(f"{ACCOUNTS}/events?limit=200{cursor}")).json()
            for event in page["data"]:
                if event["type"] == "cooldown.began":
                    told[f"began: {event['data']['reason']}"] += 1
                elif event["type"] == "cooldown.ended":
                    told[f"ended by {event['data']['by']}"] += 1
            if not page["has_more"]:
                return told
            cursor = f"&cursor={page['next_cursor']}"

    async def _is_well(self, alias: str) -> bool:
        """Whether it could serve a chat and a picture, and nothing is believed of it that has to be tried first."""
        await asyncio.sleep(0.05)
        if (await self.operator.get(f"{COOLDOWNS}?account={alias}")).json()["data"]:
            return False
        for kind, body in (("chat", chat("hello")), ("image", {"prompt": "x"})):
            asked = {"kind": kind, "request": {**body, "chatgpt_account": alias}}
            (verdict,) = (
                one
                for one in (await self.operator.post("/v1/chatgpt/route/explain", json=asked)).json()["accounts"]
                if one["account"] == alias
            )
            if verdict["place"] is None and verdict["reason"] != "busy":
                return False
        return True

    async def _newcomers_only(self) -> None:
        """Wait for whatever began before now: what has met one phase's trouble does not meet the next one's too."""
        now = time.monotonic()

        async def gone() -> bool:
            await asyncio.sleep(0.02)
            return all(began > now for began in self.under_way.values())

        await until(gone)

    async def _begin(self, alias: str, kind: str, seconds: float) -> None:
        simulator, away = self.stack.simulator, self.chance.uniform(1, seconds)
        if kind == "limited":
            headers = {"retry-after": str(self.chance.randint(1, 2)), "content-type": "application/json"}
            body = '{"detail":"Too many requests"}'
            simulator.add_rule(path=TURN, account=alias, times=0, status=429, headers=headers, body=body)
        elif kind == "used_up":
            full = {"image_gen": 10_000}
            simulator.set_account(alias, features={"image_gen": 0}, refill=full, resets_at=time.time() + away)
        elif kind == "unreachable":
            simulator.add_rule(path=TOKENS, account=alias, times=0, refusal="unavailable")
        elif kind == "challenged":
            simulator.add_rule(path=TURN, account=alias, times=0, refusal="challenge")
            self.challenged_at[alias] = time.monotonic()
        elif kind == "expired":
            simulator.set_account(alias, expired=True)
        else:
            await _OPERATORS[kind](self, alias)

    async def _mend(self) -> None:
        """Upstream lets go of everybody; the operator does what is the operator's."""
        self.stack.simulator.clear_rules()
        for alias, kind in self.troubled.items():
            if kind == "challenged":
                self._kept_away(alias)
            self.stack.simulator.set_account(alias, expired=False)
            if kind in ("challenged", "expired"):
                await self._update(alias)
            elif kind == "deleted":
                await self.did("POST", ACCOUNTS, {"alias": alias, "capture": self._copied(alias)})
            elif kind in ("paused", "drained"):
                await self.did("PATCH", f"{ACCOUNTS}/{alias}", {"state": "enabled"})
        await self.did("DELETE", LIMITS)
        self.troubled.clear()

    async def _edit(self, alias: str) -> None:
        kind = self.chance.choice(EDITS)
        self.edits[kind] += 1
        if kind == "updated":
            await self._update(alias)
        elif kind == "raised":
            await self.did("PATCH", LIMITS, {"chat": {"accounts": {alias: 8}}, "image": {"accounts": {alias: 4}}})
        else:
            change = {"weighed": {"weight": self.chance.randint(1, 100)}, "noted": {"note": f"phase {self.phases}"}}
            await self.did("PATCH", f"{ACCOUNTS}/{alias}", change[kind])

    async def _update(self, alias: str) -> None:
        await self.did("PUT", f"{ACCOUNTS}/{alias}/capture", {"capture": self._copied(alias)})

    def _copied(self, alias: str) -> str:
        """A capture of the login that was never seen before."""
        self.captures += 1
        return self.stack.simulator.capture(alias, expires_at=int(time.time()) + 30 * 86_400 + self.captures)

    async def did(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """What an operator does has to work."""
        answer = await self.operator.request(method, path, json=body)
        assert answer.status_code < 300, answer.text

    def _kept_away(self, alias: str) -> None:
        """After the first challenge page nothing more may have been sent for the account."""
        since = self.challenged_at[alias]
        calls = [call for call in self.stack.simulator.ledger.requests if call.account == alias and call.at > since]
        pages = [call.at for call in calls if call.route.endswith("/f/conversation") and call.status == 403]
        if pages:
            self.trespassed += [call.route for call in calls if call.at > pages[0] + GRACE_SECONDS]


async def _over(stop: asyncio.Event, http: httpx2.AsyncClient, operation_id: str) -> bool:
    await asyncio.sleep(0.1)
    return stop.is_set() or bool((await operation(http, operation_id))["completed"])


async def _delete(soak: Soak, alias: str) -> None:
    """As somebody does who does not want to break what runs: it finishes first what it has begun."""
    await _drain(soak, alias)

    async def idle() -> bool:
        await asyncio.sleep(0.05)
        buckets = (await soak.operator.get(f"{ACCOUNTS}/{alias}")).json()["in_flight"].values()
        return not any(bucket["used"] for bucket in buckets)

    await until(idle, seconds=30)
    await soak.did("DELETE", f"{ACCOUNTS}/{alias}")


async def _drain(soak: Soak, alias: str) -> None:
    await soak.did("PATCH", f"{ACCOUNTS}/{alias}", {"state": "draining", "reason": "soak"})


async def _pause(soak: Soak, alias: str) -> None:
    await soak.did("PATCH", f"{ACCOUNTS}/{alias}", {"state": "paused", "reason": "soak"})


async def _lower(soak: Soak, alias: str) -> None:
    await soak.did("PATCH", LIMITS, {"chat": {"accounts": {alias: 1}}, "image": {"accounts": {alias: 0}}})


_OPERATORS: dict[str, Callable[[Soak, str], Awaitable[None]]] = {
    "deleted": _delete,
    "drained": _drain,
    "paused": _pause,
    "lowered": _lower,
}
