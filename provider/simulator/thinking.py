"""A model's thoughts, streamed before its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from provider.simulator import answers, wire
from provider.simulator.conversations import Conversation
from provider.simulator.running import Note, Step

_PIECES = 3


@dataclass(frozen=True, slots=True)
class Thought:
    """One step of a model's reasoning: a heading, and what it thought."""

    summary: str
    content: str = ""


USUAL = (Thought("Reading the question", "What is asked for? An answer, kindly put."),)


def thought_steps(conversation: Conversation, new_id: Callable[[], str], thoughts: Sequence[Thought]) -> list[Step]:
    """One message of thoughts on channel 1 and its recap on channel 2."""
    thinking = wire.new_message(
        new_id(),
        "assistant",
        {"content_type": "thoughts", "thoughts": [], "source_analysis_msg_id": new_id()},
        status="in_progress",
        channel="analysis",
    )
    recap = wire.new_message(
        new_id(),
        "assistant",
        {"content_type": "reasoning_recap", "content": "Thought for 2s"},
        channel="analysis",
    )

    def remember() -> None:
        whole = [{"summary": thought.summary, "content": thought.content} for thought in thoughts]
        thinking["content"] = {**thinking["content"], "thoughts": whole}
        thinking["status"] = "finished_successfully"
        conversation.add(thinking)
        conversation.add(recap)

    frames, last_piece = _growing(thoughts)
    return [
        wire.document(thinking, conversation.id, 1),
        wire.marker(conversation.id, thinking["id"], "cot_token", "first"),
        *frames,
        wire.patch(
            *last_piece,
            ("/message/status", "replace", "finished_successfully"),
            ("/message/metadata", "append", {"reasoning_status": "reasoning_ended", "finished_duration_sec": 2}),
        ),
        wire.document(recap, conversation.id, 2),
        Note(remember),
    ]


def _growing(thoughts: Sequence[Thought]) -> tuple[list[bytes], list[tuple[str, str, Any]]]:
    """Each thought's heading and words as deltas, and the very last piece as a patch's entry."""
    frames: list[bytes] = []
    last_piece: list[tuple[str, str, Any]] = []
    for index, thought in enumerate(thoughts):
        heading = {"summary": thought.summary, "content": ""}
        frames.append(wire.delta({"p": "/message/content/thoughts", "o": "append", "v": [heading]}))
        path = f"/message/content/thoughts/{index}/content"
        pieces = answers.pieces(thought.content, _PIECES, grow=False) if thought.content else ()
        if pieces and index == len(thoughts) - 1:
            *pieces_before, last = pieces
            pieces, last_piece = tuple(pieces_before), [(path, "append", last)]
        for at, piece in enumerate(pieces):
            frames.append(wire.delta({"v": piece} if at else {"p": path, "o": "append", "v": piece}))
    return frames, last_piece
