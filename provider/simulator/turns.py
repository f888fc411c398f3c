"""Turns: accepting, streaming, stopping and re-reading them (docs/protocol.md sections 2.5 to 2.11 and 3)."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

from aiohttp import web

from provider.simulator import catalog, script, wire
from provider.simulator.accounts import Account
from provider.simulator.conversations import Conversation
from provider.simulator.door import Visit, json_object
from provider.simulator.faults import ConnectionDroppedError
from provider.simulator.images import ImageWork
from provider.simulator.ledger import Stop, Submission
from provider.simulator.orders import Order, read_order, read_scenario
from provider.simulator.refusals import CATALOGUE, RefusedError, detail
from provider.simulator.research import ResearchWork
from provider.simulator.running import LegEndedError, Silence, Turn
from provider.simulator.scenarios import Scenario
from provider.simulator.sinks import HttpSink, sink_for
from provider.simulator.staging import Stage, asked, resume_token
from provider.simulator.submission import Body, read_body, read_prepare, stored
from provider.simulator.world import World

_KEPT = 256
_SHORTEST_REST = 0.02
_SSE = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", "x-accel-buffering": "no"}


class Turns:
    """The turn endpoints, and the turns themselves by topic."""

    def __init__(
        self, world: World, images: ImageWork, research: ResearchWork, completed: Callable[[Turn], None]
    ) -> None:
        self._world = world
        self._images = images
        self._research = research
        self._stage = Stage(world, images, research)
        self._completed = completed
        self._kept: OrderedDict[str, Turn] = OrderedDict()

    def by_topic(self, topic: str) -> Turn | None:
        """The turn of a WebSocket topic, if it is still remembered."""
        return self._kept.get(topic)

    async def requirements(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`POST /backend-api/sentinel/chat-requirements`."""
        await request.read()
        return web.json_response(self._world.tokens.require(visit.account), dumps=wire.dumps)

    async def prepare(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`POST /backend-api/f/conversation/prepare`."""
        scenario, _ = read_scenario(read_prepare(await json_object(request)))
        if scenario.at == "prepare" and scenario.refusal is not None:
            raise RefusedError(scenario.refusal)
        return web.json_response({"status": "ok", "conduit_token": self._world.tokens.conduit(visit.account)})

    async def converse(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`POST /backend-api/f/conversation`: accept a turn and stream it."""
        body = read_body(await json_object(request))
        order = read_order(body, visit, self._world.scripts)
        try:
            turn = await self._admit(request, visit, order)
        except BaseException:
            order.come_to_nothing()
            raise
        try:
            return await self._stream(request, visit, turn)
        except (ConnectionError, asyncio.CancelledError):
            if turn.closed:
                visit.call.status = 200
            else:
                turn.submission.outcome = "aborted"
                self._go_on(turn)
            raise

    async def resume(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`POST /backend-api/f/conversation/resume`: a running turn's events from an offset on."""
        body = await json_object(request)
        conversation = visit.account.conversations.get(str(body.get("conversation_id")))
        turn = conversation.turn if conversation else None
        if turn is None or request.headers.get("x-conduit-token") != resume_token(turn):
            raise RefusedError(CATALOGUE["conversation_not_found"])
        offset = body.get("offset")
        if not isinstance(offset, int) or offset < 0:
            raise RefusedError(detail(422, "offset is the number of events already read"))
        response = web.StreamResponse(headers=_SSE)
        await self._world.half_trip()
        await response.prepare(request)
        async for _, event in turn.follow(offset):
            await response.write(event)
        await response.write_eof()
        return response

    async def stop(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`POST /backend-api/stop_conversation`."""
        body = await json_object(request)
        identity = str(body.get("conversation_id"))
        excluded = tuple(str(name) for name in body.get("exclude_async_types") or ())
        conversation = visit.account.conversations.get(identity)
        turn = conversation.turn if conversation else None
        found = turn is not None and self._stop(turn)
        self._world.ledger.stop(Stop(time.monotonic(), visit.account.alias, identity, excluded, found))
        if conversation is None:
            raise RefusedError(CATALOGUE["conversation_not_found"])
        return web.json_response({"status": "ok", "last_message_id": None})

    def _stop(self, turn: Turn) -> bool:
        """Ask a turn to stop; `False` when nothing of it runs."""
        if self._research.stop_of(turn.conversation):
            return True
        if turn.work is not None and not turn.work.done():
            if self._world.dials.stop_ends_images:
                turn.stopping.set()
            return True
        if turn.ended:
            return False
        turn.stopping.set()
        return True

    async def _before(self, scenario: Scenario, visit: Visit) -> None:
        """What happens to a turn before it is accepted."""
        if scenario.hold == "before":
            await self._world.holds.wait(visit.call, "before")
        if scenario.drop == "before":
            raise ConnectionDroppedError
        if scenario.hang == "before":
            await asyncio.Event().wait()

    async def _admit(self, request: web.Request, visit: Visit, order: Order) -> Turn:
        """Accept the turn, unless its scenario or its tokens are against it."""
        scenario = order.scenario
        await self._before(scenario, visit)
        conduit = self._world.tokens.redeem(visit.account, request.headers)
        if scenario.at == "turn" and scenario.refusal is not None:
            raise RefusedError(scenario.refusal)
        return self._accept(visit, order, conduit=conduit)

    def _accept(self, visit: Visit, order: Order, *, conduit: bool) -> Turn:
        body, scenario, prompt, cue = order.body, order.scenario, order.prompt, order.cue
        account = visit.account
        if account.most_in_flight and account.running >= account.most_in_flight:
            raise RefusedError(CATALOGUE["busy"])
        model = catalog.resolve(account, body.model)
        if any(self._world.blobs.usable(identity, account.alias) is None for identity in body.files):
            raise RefusedError(CATALOGUE["file_not_found"])
        if order.kind == "image":
            self._images.check(account, body, scenario)
        elif order.kind == "research":
            self._research.check(account, body)
        conversation, added = self._place(account, body)
        if not body.messages:
            prompt = asked(conversation.branch())
        submission = Submission(
            self._world.ledger.counts["submissions"] + 1,
            time.monotonic(),
            account.alias,
            body.message_id,
            conversation.id,
            order.kind,
            body.model,
            body.effort,
            body.hints,
            body.temporary,
            body.prepare_state,
            conduit,
            len(body.messages),
            prompt[:_KEPT],
        )
        if cue is not None:
            submission.script, submission.step = cue.script.number, cue.step
        turn = Turn(self._world.new_id(), account, conversation, submission, scenario, prompt, cue)
        conversation.turn = turn
        account.conversations.touch(conversation)
        account.running += 1
        self._world.ledger.accept(submission)
        self._keep(turn)
        turn.steps = self._stage.steps(turn, visit, body, model, new=added)
        return turn

    def _place(self, account: Account, body: Body) -> tuple[Conversation, bool]:
        """The conversation the turn belongs to with the new messages in it, and whether it is new."""
        world = self._world
        if body.conversation_id is None:
            conversation = account.conversations.open(world.new_id(), temporary=body.temporary)
            now = time.monotonic()
            conversation.visible_at = now + world.scaled(world.dials.lag_seconds)
            conversation.listed_at = now + world.scaled(world.dials.list_seconds)
        else:
            known = account.conversations.get(body.conversation_id)
            if known is None:
                raise RefusedError(CATALOGUE["conversation_not_found"])
            conversation = known
            if body.parent not in conversation.nodes:
                raise RefusedError(detail(400, "The parent message does not exist."))
            conversation.current = body.parent
        for message in body.messages:
            conversation.add(stored(message, world.new_id))
        return conversation, body.conversation_id is None

    async def _stream(self, request: web.Request, visit: Visit, turn: Turn) -> web.StreamResponse:
        scenario = turn.scenario
        if scenario.drop == "after" or (visit.rule is not None and visit.rule.drop == "after"):
            self._go_on(turn)
            raise ConnectionDroppedError
        if scenario.hang == "after":
            self._go_on(turn)
            await asyncio.Event().wait()
        if scenario.first_byte:
            await turn.rest(self._world.scaled(scenario.first_byte))
        await self._world.half_trip()
        response = web.StreamResponse(headers={**_SSE, "x-oai-request-id": turn.id})
        await response.prepare(request)
        sink = sink_for(response, scenario)
        if scenario.keepalive_only:
            await self._only_comments(turn, sink)
        elif scenario.handoff:
            await sink.write(script.handoff(turn, self._stage.cast(turn, turn.submission.model, new=False)))
            self._go_on(turn)
        else:
            await self._play(turn, sink, request)
        await response.write_eof()
        return response

    async def _play(self, turn: Turn, sink: HttpSink, request: web.Request) -> None:
        try:
            await turn.play(sink)
        except LegEndedError as end:
            turn.submission.outcome = "cut"
            self._go_on(turn)
            if end.reset:
                raise ConnectionDroppedError from None
        else:
            self._finish(turn)

    async def _only_comments(self, turn: Turn, sink: HttpSink) -> None:
        while not turn.stopping.is_set():
            await sink.write(wire.COMMENT)
            await turn.rest(max(_SHORTEST_REST, self._world.scaled(1.0)))
        self._go_on(turn)

    def _go_on(self, turn: Turn) -> None:
        """Let the turn run to its end without its HTTP stream."""
        if turn.alone:
            return
        turn.alone = True
        self._world.spawn(self._to_the_end(turn))

    async def _to_the_end(self, turn: Turn) -> None:
        try:
            await turn.play(Silence())
        finally:
            self._finish(turn)

    def _finish(self, turn: Turn) -> None:
        turn.closed = True
        turn.end("completed")
        account = turn.account
        account.conversations.touch(turn.conversation)
        if turn.work is None:
            account.running -= 1
            self._world.ledger.close(turn.submission, turn.outcome)
        self._completed(turn)

    def _keep(self, turn: Turn) -> None:
        self._kept[turn.topic] = turn
        if len(self._kept) > _KEPT:
            topic, oldest = next(iter(self._kept.items()))
            if oldest.ended:
                del self._kept[topic]
                oldest.events = []
                oldest.said = []
            else:
                self._kept.move_to_end(topic)
