"""Deep Research: a turn starts it, and it works on beside its conversation (docs/protocol.md section 6)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from provider.simulator import reports, script, wire
from provider.simulator.accounts import Account
from provider.simulator.conversations import Conversation
from provider.simulator.door import Visit, json_object
from provider.simulator.refusals import CATALOGUE, RefusedError, detail
from provider.simulator.running import Note, Step, Turn
from provider.simulator.scenarios import Scenario
from provider.simulator.submission import Body
from provider.simulator.world import World

HINTS = frozenset(f"{kind}:connector_openai_deep_research" for kind in ("connector", "plugin"))
APP_URI = "connectors://connector_openai_deep_research"
TOPIC = "api-tool:"

_TOOL = "api_tool.call_tool"
_PLAN_SECONDS = 1.0
_PLAN_WAITS_SECONDS = 60.0
_STEP_SECONDS = 1.0
_SILENCE_SECONDS = 7200.0
_LATE_SECONDS = 3.0
_NO_PLAN = frozenset(("fast", "silent"))
_WORDS = "I can answer that without a research: there is nothing to look up."

Announce = Callable[[Account, str, str, dict[str, Any]], None]


@dataclass(slots=True)
class Research:
    """One research upstream.

    Attributes:
        states: every widget state so far; its number is its offset on the push channel.
        changes: what the plan's edits asked for.
        go: the plan needs to wait no longer.
        stopping: somebody stopped it.
        socket_dropped: the scenario's one broken WebSocket has happened.
    """

    account: Account
    conversation: Conversation
    scenario: Scenario
    question: str
    message_id: str
    widget_session_id: str
    session_id: str
    states: list[dict[str, Any]] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    socket_dropped: bool = False
    begun_at: float = field(default_factory=time.time)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def topic(self) -> str:
        return f"{TOPIC}{self.widget_session_id}"

    @property
    def ended(self) -> bool:
        return bool(self.states) and self.states[-1]["status"] in ("completed", "failed", "rate_limited", "stopped")

    def say(self, state: dict[str, Any]) -> None:
        """A new state, for whoever follows."""
        self.states.append(state)
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def follow(self, start: int) -> AsyncIterator[tuple[int, dict[str, Any]]]:
        """The states from number `start` on with their numbers, those to come included."""
        at = start
        while True:
            news = self._news
            while at < len(self.states):
                yield at, self.states[at]
                at += 1
            if self.ended:
                return
            await news.wait()


class ResearchWork:
    """Starts researches and answers their connector."""

    def __init__(self, world: World, announce: Announce) -> None:
        self._world = world
        self._announce = announce
        self._by_id: dict[str, Research] = {}

    def by_topic(self, topic: str) -> Research | None:
        """The research of a push channel."""
        return self._by_id.get(topic.removeprefix(TOPIC)) if topic.startswith(TOPIC) else None

    def stop_of(self, conversation: Conversation) -> bool:
        """Stop what a conversation researches; `False` when it researches nothing."""
        running = [one for one in self._by_id.values() if one.conversation is conversation and not one.ended]
        for one in running:
            one.stopping.set()
        return bool(running)

    def check(self, account: Account, body: Body) -> None:
        """Take what a research costs.

        Raises:
            RefusedError: a temporary chat, or no research is left.
        """
        if body.temporary:
            raise RefusedError(detail(400, "Deep research is not available in temporary chats."))
        if not account.spend("deep_research", 1):
            raise RefusedError(CATALOGUE["rate_limited"])

    def steps(self, turn: Turn, cast: script.Cast) -> list[Step]:
        """The turn that starts a research: a call, the tool's message with the widget, and the end."""
        way = turn.scenario.research or "plan"
        if way == "no_widget":
            return script.text_steps(turn, cast, (_WORDS,))
        call = wire.new_message(
            cast.answer_id,
            "assistant",
            {"content_type": "code", "language": "json", "text": wire.dumps(_call(turn.prompt))},
            recipient=_TOOL,
            channel="commentary",
        )
        research = self._open(turn, cast.new_id())
        tool = wire.new_message(
            research.message_id, "tool", wire.text(""), name=_TOOL, metadata=self._widget(turn, research)
        )
        shown = {**tool, "metadata": {}} if way == "lost_widget" else tool

        def begin() -> None:
            turn.conversation.add(call)
            turn.conversation.add(shown)
            turn.work = self._world.spawn(self._work(turn, research, tool, way))

        identity = turn.conversation.id
        note = wire.new_message(cast.new_id(), "assistant", wire.text("I am on it."), end_turn=True, channel="final")
        hidden = {**note, "metadata": {"is_visually_hidden_from_conversation": True}}
        return [
            *script.head(turn, cast),
            wire.document(call, identity, 1),
            wire.document(shown, identity, 2),
            Note(begin),
            wire.document(hidden, identity, 3),
            Note(lambda: turn.conversation.add(hidden)),
            *script.tail(turn, cast),
        ]

    async def call_mcp(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`POST /backend-api/ecosystem/call_mcp`, in both shapes of its body."""
        body = await json_object(request)
        params = body.get("params")
        called = params if isinstance(params, dict) else {}
        name = str(body.get("tool_name") or called.get("name"))
        given = body.get("tool_input") or called.get("arguments") or {}
        research = self._named(visit.account, given.get("session_id"))
        self._world.ledger.called(name, time.monotonic(), visit.account.alias, found=research is not None)
        if research is None or body.get("app_uri") != APP_URI:
            return web.json_response(_result("Unknown session.", error=True), dumps=wire.dumps)
        if name == "skip_sleep":
            research.go.set()
        elif name == "steer":
            research.changes.append(str(given.get("message", "")))
            research.changed.set()
        elif name == "stop":
            research.stopping.set()
        elif name != "get_state":
            return web.json_response(_result("Unknown tool.", error=True), dumps=wire.dumps)
        state = research.states[-1] if research.states else None
        return web.json_response(_result("ok", state=state), dumps=wire.dumps)

    def _named(self, account: Account, session_id: object) -> Research | None:
        research = self._by_id.get(str(session_id))
        if research is None or research.account is not account:
            return None
        strict = self._world.dials.strict_research and session_id != research.session_id
        return None if strict else research

    def _open(self, turn: Turn, message_id: str) -> Research:
        new_id = self._world.new_id
        research = Research(turn.account, turn.conversation, turn.scenario, turn.prompt, message_id, new_id(), new_id())
        self._by_id[research.widget_session_id] = self._by_id[research.session_id] = research
        return research

    def _widget(self, turn: Turn, research: Research) -> dict[str, Any]:
        told = {
            "openai/widgetSessionId": research.widget_session_id,
            "async_task_conversation_id": research.session_id,
        }
        return {
            "chatgpt_sdk": {
                "resolved_pineapple_uri": APP_URI,
                "widget_session_id": research.widget_session_id,
                "tool_response_metadata": told,
            }
        }

    async def _work(self, turn: Turn, research: Research, tool: dict[str, Any], way: str) -> None:
        """The research itself, from its plan to its report."""
        try:
            if way == "lost_widget":
                await self._rest(research, _LATE_SECONDS)
                turn.conversation.update(tool)
            if way not in _NO_PLAN:
                await self._plan(research, tool)
            await self._research(research, tool, way)
        finally:
            turn.account.running -= 1
            self._world.ledger.close(turn.submission, "stopped" if research.stopping.is_set() else "completed")

    async def _plan(self, research: Research, tool: dict[str, Any]) -> None:
        await self._rest(research, _PLAN_SECONDS)
        while not research.stopping.is_set():
            research.changed.clear()
            waits = self._world.scaled(_PLAN_WAITS_SECONDS)
            until = datetime.now(UTC) + timedelta(seconds=waits)
            self._say(
                research,
                tool,
                "waiting_for_user_response_on_plan",
                waiting_for_user_response_on_plan_until=until.isoformat().replace("+00:00", "Z"),
            )
            events = [asyncio.ensure_future(one.wait()) for one in (research.go, research.changed, research.stopping)]
            try:
                await asyncio.wait(events, timeout=waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for event in events:
                    event.cancel()
            if not research.changed.is_set():
                return

    async def _research(self, research: Research, tool: dict[str, Any], way: str) -> None:
        steps = len(self._plan_now(research, 0)["steps"])
        each = _STEP_SECONDS if research.scenario.seconds is None else research.scenario.seconds / steps
        if way == "silent":
            await self._rest(research, _SILENCE_SECONDS)
        for done in range(steps):
            if research.stopping.is_set():
                break
            self._say(research, tool, "researching", done=done)
            await self._rest(research, 365 * 24 * 3600.0 if way == "stuck" else each)
        self._end(research, tool, way, steps)

    def _end(self, research: Research, tool: dict[str, Any], way: str, steps: int) -> None:
        if research.stopping.is_set():
            self._say(research, tool, "stopped", done=0)
        elif way == "fail":
            self._say(research, tool, "failed", done=steps - 1)
        elif way == "rate_limited":
            self._say(research, tool, "rate_limited", done=steps - 1)
        elif way == "no_report":
            self._say(research, tool, "completed", done=steps)
        else:
            plan = self._plan_now(research, steps)
            report = reports.report_of(self._world.config.seed, research.question, plan)
            self._say(research, tool, "completed", done=steps, report_message=report)

    def _say(self, research: Research, tool: dict[str, Any], status: str, *, done: int = 0, **more: Any) -> None:
        """A new state: to the push channel, to the conversation's followers, and into the stored message."""
        began = status not in ("waiting_for_user_response_on_plan",)
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        ended = status not in ("waiting_for_user_response_on_plan", "researching")
        state = {
            "status": status,
            "research_started_at": now if began else None,
            "research_stopped_at": now if ended else None,
            "last_updated_at": now,
            "plan": self._plan_now(research, done, researching=status == "researching"),
            "waiting_for_user_response_on_plan_until": None,
            "report_message": None,
            **more,
        }
        sdk = tool["metadata"]["chatgpt_sdk"]
        tool["metadata"] = {"chatgpt_sdk": {**sdk, "widget_state": wire.dumps(state)}}
        research.conversation.update(tool)
        research.account.conversations.touch(research.conversation)
        research.say(state)
        if not research.scenario.no_push:
            content = update_of(research, state)["update_content"]
            self._announce(research.account, research.conversation.id, "update-widget-state", content)

    def _plan_now(self, research: Research, done: int, *, researching: bool = False) -> dict[str, Any]:
        plan = reports.plan_of(research.question, changes=tuple(research.changes))
        for number, step in enumerate(plan["steps"]):
            if number < done:
                step["status"] = "completed"
            elif number == done and researching:
                step["status"] = "in_progress"
        return {"plan_id": f"plan-{research.widget_session_id[:8]}", **plan}

    async def _rest(self, research: Research, seconds: float) -> None:
        try:
            await asyncio.wait_for(research.stopping.wait(), self._world.scaled(seconds))
        except TimeoutError:
            return


def update_of(research: Research, state: dict[str, Any]) -> dict[str, Any]:
    """A state as the payload of a `conversation-update`."""
    return {
        "conversation_id": research.conversation.id,
        "update_type": "update-widget-state",
        "update_content": {
            "widget_session_id": research.widget_session_id,
            "updates": [{"message_id": research.message_id, "widget_state": state}],
        },
    }


def _call(question: str) -> dict[str, Any]:
    path = "/Deep Research App/implicit_link::connector_openai_deep_research/start"
    return {"path": path, "args": {"user_query": question}}


def _result(text: str, *, error: bool = False, state: dict[str, Any] | None = None) -> dict[str, Any]:
    meta = {} if state is None else {"_meta": {"widget_state": state}}
    return {"content": [{"type": "text", "text": text}], "structuredContent": None, "isError": error, **meta}
