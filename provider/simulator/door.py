"""What every request passes on its way in and out: the ledger, the delay, the account, the rules."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from provider.simulator.accounts import Account
from provider.simulator.faults import ConnectionDroppedError, Rule
from provider.simulator.ledger import Call
from provider.simulator.refusals import CATALOGUE, RefusedError, detail
from provider.simulator.world import World


@dataclass(slots=True)
class Visit:
    """One request that was let in. `who` is `None` on the routes that need no login."""

    call: Call
    who: Account | None
    rule: Rule | None

    @property
    def account(self) -> Account:
        """The account the request speaks for."""
        if self.who is None:
            raise RefusedError(CATALOGUE["unauthorized"])
        return self.who


Handler = Callable[[web.Request, Visit], Awaitable[web.StreamResponse]]
AiohttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """Makes aiohttp handlers of ours."""

    def __init__(self, world: World) -> None:
        self._world = world

    def let_in(self, route: str, handler: Handler, *, login: bool = True) -> AiohttpHandler:
        """`handler` behind the ledger, the delay, the account check (if `login`) and the rules."""
        ledger = self._world.ledger

        async def handle(request: web.Request) -> web.StreamResponse:
            call = ledger.begin(request.method, route, request.path)
            try:
                response = await self._answer(request, call, handler, login=login)
                call.status = response.status
                return response
            except ConnectionDroppedError:
                call.dropped = True
                if request.transport is not None:
                    request.transport.abort()
                return web.Response(status=500)
            except ConnectionError:
                call.aborted = call.status is None
                return web.Response(status=500)
            except asyncio.CancelledError:
                call.aborted = call.status is None
                raise
            finally:
                ledger.end(call)

        return handle

    async def _answer(self, request: web.Request, call: Call, handler: Handler, *, login: bool) -> web.StreamResponse:
        world = self._world
        await world.half_trip()
        try:
            account = self._account(request, call, login=login)
            rule = world.rules.take(call)
            if rule is not None:
                call.fault = rule.number
                await self._before(rule, call)
            response = await handler(request, Visit(call, account, rule))
        except RefusedError as refused:
            response = refused.answer.response()
            rule = None
        if rule is not None and not response.prepared:
            await self._after(rule, call)
        if not response.prepared:
            await world.half_trip()
        return response

    def _account(self, request: web.Request, call: Call, *, login: bool) -> Account | None:
        if not login:
            return None
        account = self._world.accounts.authorize(request.headers.get("authorization"))
        call.account = account.alias
        return account

    async def _before(self, rule: Rule, call: Call) -> None:
        if rule.delay_seconds:
            await asyncio.sleep(rule.delay_seconds)
        if rule.hold == "before":
            await self._world.holds.wait(call, "before")
        if rule.drop == "before":
            raise ConnectionDroppedError
        if rule.answer is not None:
            raise RefusedError(rule.answer)

    async def _after(self, rule: Rule, call: Call) -> None:
        if rule.hold == "after":
            await self._world.holds.wait(call, "after")
        if rule.drop == "after":
            raise ConnectionDroppedError


async def json_object(request: web.Request) -> dict[str, Any]:
    """The request's body as a JSON object.

    Raises:
        RefusedError: it is something else.
    """
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(
            detail(422, [{"type": "json_invalid", "loc": ["body"], "msg": "JSON decode error", "input": {}}])
        )
    return body
