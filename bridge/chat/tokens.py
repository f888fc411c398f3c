"""Estimated usage of chats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.chat.answer import Answer
from bridge.chat.order import ChatOrder
from bridge.chat.transcript import Said
from bridge.usage import tokens
from bridge.usage.tokens import Usage

__all__ = ["Usage", "estimate", "usage_of"]


async def usage_of(order: ChatOrder, answers: Iterable[Answer]) -> Usage:
    """What an order's messages come to as they were sent upstream, and the answers, with calls and shown thoughts."""
    words = "".join(map(_words, answers))
    if order.tokens is None:
        return await tokens.estimated(_sizes(order.messages), words)
    return Usage(order.tokens, (await tokens.estimated((), words)).completion)


def estimate(messages: Iterable[Said], answer: str) -> Usage:
    """The same of an answer in words, by the rule of `bridge.usage.tokens`."""
    return tokens.estimate(_sizes(messages), answer)


def _sizes(messages: Iterable[Said]) -> Iterator[tuple[str, int]]:
    return ((said.text, len(said.files)) for said in messages)


def _words(answer: Answer) -> str:
    calls = (f"{call.name}{call.arguments}" for call in answer.calls)
    return "".join((answer.text, answer.refusal or "", *calls, *answer.thoughts))
