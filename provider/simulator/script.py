"""The steps of a text turn, as its scenario wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from provider.simulator import wire
from provider.simulator.running import Cut, Note, Pause, Say, Step, Turn
from provider.simulator.thinking import Thought, thought_steps


@dataclass(slots=True)
class Cast:
    """Who and what a script is about.

    Attributes:
        user: the stored user message.
        answer_id: the id the answer will have.
        model: the model that answers.
        title: of a new conversation, `None` when it has one already.
        limits: the closing limits event.
        new_id: makes message ids.
        pace: seconds between two pieces of text.
        scale: real seconds for one of a scenario's.
        resume_token: the credential of the read-only resume.
        thoughts: what the model shows of its reasoning before its answer.
        tool: facts about a tool for the turn's metadata.
    """

    user: dict[str, Any]
    answer_id: str
    model: str
    title: str | None
    limits: bytes
    resume_token: str
    pace: float
    scale: float
    new_id: Callable[[], str]
    thoughts: tuple[Thought, ...] = ()
    tool: dict[str, Any] = field(default_factory=dict)


def text_steps(turn: Turn, cast: Cast, parts: tuple[str, ...]) -> list[Step]:
    """The whole turn that answers with `parts`."""
    scenario = turn.scenario
    steps = head(turn, cast)
    fault = _faulty(turn, cast, parts, steps)
    if fault is not None:
        return fault
    channel = 1
    if cast.thoughts:
        steps.extend(thought_steps(turn.conversation, cast.new_id, cast.thoughts))
        channel = 3
    if scenario.slow:
        steps.append(Pause(scenario.slow * cast.scale, _comment_every(turn, cast)))
    finish = "stop"
    if scenario.fault == "max_tokens":
        parts, finish = parts[: max(1, len(parts) // 2)], "max_tokens"
    steps.extend(_answer(turn, cast, parts, channel, finish))
    steps.extend(tail(turn, cast))
    return steps


def head(turn: Turn, cast: Cast) -> list[Step]:
    """From the encoding to the echo of the user's message on channel 0."""
    identity = turn.conversation.id
    if turn.scenario.fault == "wrong_encoding":
        return [b'event: delta_encoding\ndata: "v7"\n\n', wire.DONE]
    if turn.scenario.legacy:
        return [wire.snapshot(cast.user, identity)]
    message = wire.dumps(cast.user)
    resume = {
        "type": "resume_conversation_token",
        "kind": "conversation",
        "token": cast.resume_token,
        "conversation_id": identity,
    }
    accepted = f'data: {{"type":"input_message","input_message":{message},"conversation_id":"{identity}"}}\n\n'
    echoed = (
        f'event: delta\ndata: {{"p":"","o":"add","v":{{"message":{message},"conversation_id":"{identity}",'
        f'"error":null}},"c":0}}\n\n'
    )
    return [
        wire.ENCODING,
        wire.typed(resume),
        accepted.encode(errors="replace"),
        echoed.encode(errors="replace"),
    ]


def tail(turn: Turn, cast: Cast) -> list[Step]:
    """From the title to `[DONE]`."""
    identity = turn.conversation.id
    scenario = turn.scenario
    steps: list[Step] = []
    if not scenario.legacy:
        if cast.title is not None:
            steps.append(wire.typed({"type": "title_generation", "title": cast.title, "conversation_id": identity}))
        facts = {
            "model_slug": cast.model,
            "plan_type": turn.account.plan,
            "tool_invoked": False,
            "turn_exchange_id": turn.id,
            **cast.tool,
        }
        steps.append(wire.typed({"type": "server_ste_metadata", "metadata": facts, "conversation_id": identity}))
        if not scenario.no_complete:
            steps.append(wire.typed({"type": "message_stream_complete", "conversation_id": identity}))
            steps.append(cast.limits)
    if not (scenario.no_done or scenario.no_complete):
        steps.append(wire.DONE)
    return steps


def cut_at(steps: list[Step], scenario_cut: int, *, reset: bool) -> list[Step]:
    """`steps` with the HTTP leg's end after so many events; -1 is half of them."""
    events = [index for index, step in enumerate(steps) if isinstance(step, (bytes, Say))]
    wanted = len(events) // 2 if scenario_cut < 0 else scenario_cut
    at = 0 if wanted == 0 else events[min(wanted, len(events)) - 1] + 1
    return [*steps[:at], Cut(reset), *steps[at:]]


def handoff(turn: Turn, cast: Cast) -> bytes:
    """What the HTTP leg of a handed-over turn sends."""
    options = [{"type": kind, "topic_id": turn.topic} for kind in ("resume_sse_endpoint", "subscribe_ws_topic")]
    event = {
        "type": "stream_handoff",
        "conversation_id": turn.conversation.id,
        "turn_exchange_id": turn.id,
        "options": options,
    }
    start = [step for step in head(turn, cast)[:3] if isinstance(step, bytes)]
    return b"".join((*start, wire.typed(event), wire.DONE))


def _comment_every(turn: Turn, cast: Cast) -> float | None:
    return (turn.scenario.keepalives or 0) * cast.scale or None


def _answer(turn: Turn, cast: Cast, parts: tuple[str, ...], channel: int, finish: str) -> list[Step]:
    identity = turn.conversation.id
    message = wire.new_message(
        cast.answer_id,
        "assistant",
        wire.text(""),
        status="in_progress",
        metadata={"model_slug": cast.model, "parent_id": cast.user["id"]},
        channel="final",
        created=cast.user["create_time"],
    )

    def begin() -> None:
        turn.conversation.add(message)
        turn.answer = message

    def finished() -> None:
        message["status"] = "finished_successfully"
        message["end_turn"] = True
        message["metadata"] = {**message["metadata"], "is_complete": True, "finish_details": {"type": finish}}

    steps: list[Step] = [Note(begin)]
    if turn.scenario.legacy:
        steps.extend(_snapshots(turn, message, parts, cast.pace))
    else:
        steps.append(wire.document(message, identity, channel, inherit=channel == 1))
        steps.append(wire.marker(identity, cast.answer_id, "user_visible_token", "first"))
        steps.append(wire.marker(identity, cast.answer_id, "final_channel_token", "first"))
        steps.extend(_paced(parts, finish, cast.pace))
        steps.append(wire.marker(identity, cast.answer_id, "last_token", "last"))
    steps.append(Note(finished))
    return steps


def _paced(parts: tuple[str, ...], finish: str, pace: float) -> list[Step]:
    said = said_once(parts, finish)
    if not pace:
        return list(said)
    steps: list[Step] = []
    for step in said:
        steps.extend((Pause(pace), step))
    return steps


@lru_cache(maxsize=256)
def said_once(parts: tuple[str, ...], finish: str) -> tuple[Say, ...]:
    """The text's deltas: the first explicit, the others by the cursor, the last within the closing patch."""
    if len(parts) < 2:
        whole = "".join(parts)
        return (Say(wire.closing(whole or None, finish), whole),)
    *before, last = parts
    said = [Say(wire.text_append(part, inherit=index > 0), part) for index, part in enumerate(before)]
    return (*said, Say(wire.closing(last, finish), last))


def _snapshots(turn: Turn, message: dict[str, Any], parts: tuple[str, ...], pace: float) -> list[Step]:
    identity = turn.conversation.id
    steps: list[Step] = [wire.snapshot(message, identity)]
    so_far = ""
    for index, part in enumerate(parts):
        so_far += part
        last = index == len(parts) - 1
        shown = {
            **message,
            "content": wire.text(so_far),
            "status": "finished_successfully" if last else "in_progress",
            "end_turn": True if last else None,
            "metadata": {**message["metadata"], "finish_details": {"type": "stop"}} if last else message["metadata"],
        }
        if pace:
            steps.append(Pause(pace))
        steps.append(Say(wire.snapshot(shown, identity), part))
    return steps


def _faulty(turn: Turn, cast: Cast, parts: tuple[str, ...], steps: list[Step]) -> list[Step] | None:
    """The stream of a fault that replaces the answer, `None` when there is none."""
    fault = turn.scenario.fault
    identity = turn.conversation.id
    if fault == "wrong_encoding":
        return steps
    if fault == "error_object":
        error = {"message": "You have sent too many messages to the model.", "code": "model_cap_exceeded"}
        return [
            wire.ENCODING,
            wire.typed({"error": {**error, "clears_in": 252}, "conversation_id": identity}),
            wire.DONE,
        ]
    if fault == "quota_check":
        return [wire.ENCODING, wire.typed({"type": "stream_quota_check", "detail": "Rate limit reached"}), wire.DONE]
    if fault == "stream_error":
        broken = _answer(turn, cast, parts, 1, "stop")[: 4 + max(1, len(parts) // 2)]
        error_event = {"error": "Something went wrong while generating the response.", "conversation_id": identity}
        return [*steps, *broken, wire.typed({**error_event, "message": None}), wire.DONE]
    if fault == "error_event":
        return [
            *steps,
            wire.typed({"type": "error", "error": {"message": "Internal error", "code": "internal"}}),
            wire.DONE,
        ]
    if fault == "system_error":
        return [*steps, *_system_error(turn, cast), *tail(turn, cast)]
    if fault == "empty":
        return [*steps, *_answer(turn, cast, (), 1, "stop"), *tail(turn, cast)]
    if fault in ("moderation", "flagged"):
        verdict = {"flagged": True, "blocked": fault == "moderation", "moderation_id": f"modr-{turn.id}"}
        event = {
            "type": "moderation",
            "conversation_id": identity,
            "message_id": cast.user["id"],
            "moderation_response": verdict,
        }
        steps.append(wire.typed(event))
        return [*steps, *tail(turn, cast)] if fault == "moderation" else None
    return None


def _system_error(turn: Turn, cast: Cast) -> list[Step]:
    content = {"content_type": "system_error", "name": "tool_error", "text": "Error: upstream tool failed"}
    message = wire.new_message(cast.answer_id, "assistant", content, end_turn=True)

    def add() -> None:
        turn.conversation.add(message)

    return [wire.document(message, turn.conversation.id, 1), Note(add)]
