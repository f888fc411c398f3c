"""Estimated usage of chats."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.chat.answer import Answer
from bridge.chat.order import ChatOrder
from bridge.chat.transcript import Said
from bridge.usage import tokens
from bridge.usage.tokens import Usage

__all__ = ["Usage", "estimate", "usage_of"]


async def usage_of(order: ChatOrder, answers: Iterable[Answer]) -> Usage:
    """What an order's messages come to as they were sent upstream, and the answers, with calls and shown thoughts."""
    await tokens.ready()
    words = "".join(map(_words, answers))
    return estimate(order.messages, words) if order.tokens is None else Usage(order.tokens, tokens.count(words))


def estimate(messages: Iterable[Said], answer: str) -> Usage:
    """The same of an answer in words, by the rule of `bridge.usage.tokens`."""
    return tokens.estimate(((said.text, len(said.files)) for said in messages), answer)


def _words(answer: Answer) -> str:
    calls = (f"{call.name}{call.arguments}" for call in answer.calls)
    return "".join((answer.text, answer.refusal or "", *calls, *answer.thoughts))
