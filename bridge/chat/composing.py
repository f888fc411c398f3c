"""What is said upstream, which knows no tools and no forms: what the answer has to be is asked for in words."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from typing import cast

from bridge.chat.attachments import Attachment
from bridge.chat.order import Form
from bridge.chat.structured import Shape
from bridge.chat.tools.history import fold
from bridge.chat.tools.offer import Offer
from bridge.chat.tools.prompt import instructions, reminder
from bridge.chat.transcript import Said
from bridge.usage import tokens

_NOTHING = Offer()
_KNOWN = "The tools that you were told of before may be called as before."
_LONG = 200_000
"""Characters from which on a conversation is folded in a thread, so that other requests go on meanwhile."""


@dataclass(frozen=True, slots=True)
class Composed:
    """The messages of a chat as upstream is sent them.

    Attributes:
        told: names the tools that the model knows by their end, `None` where it knows none.
        tokens: how many they are by estimate, `None` where nobody has counted.
    """

    messages: tuple[Said, ...]
    told: str | None = None
    tokens: int | None = None


async def composed(
    transcript: Sequence[Said],
    form: Form,
    *,
    most_tokens: int | None,
    workspace: bool = False,
    going_on: bool = False,
    told: str | None = None,
) -> Composed:
    """The messages of a chat.

    Args:
        most_tokens: how long a chat with tools may become; older parts are left out beyond it. `None`: no limit.
        workspace: tell models that whatever looks into or changes the user's files needs a call.
        going_on: what was said before lies upstream, where only the user is heard.
        told: names the tools that were described there.

    Raises:
        MessageTooLongError: it is longer than it may be, whatever is left out of it.
    """
    if form.offer is None and not _needs_folding(transcript, going_on=going_on):
        *before, last = transcript
        return Composed((*before, _shaped(last, form.shape)))
    offer = form.offer or _NOTHING
    known = _digest(offer) if offer.tools else None
    is_told = known is not None and known == told
    await tokens.ready()
    work = partial(
        fold,
        transcript,
        _NOTHING if is_told else offer,
        budget_tokens=most_tokens or sys.maxsize,
        count=tokens.count,
        workspace=workspace,
        shorten_finished=True,
    )
    is_long = sum(len(said.text) for said in transcript) > _LONG
    folded = await asyncio.to_thread(work) if is_long else work()
    text = f"{_KNOWN}\n\n{folded.text}\n\n{reminder(offer)}" if is_told else folded.text
    message = Said("user", text, cast(tuple[Attachment, ...], folded.files))
    shaped = _shaped(message, form.shape)
    return Composed((shaped,), known or told, folded.tokens + tokens.count(shaped.text[len(folded.text) :]))


def _needs_folding(transcript: Sequence[Said], *, going_on: bool) -> bool:
    """Whether there is more than upstream's roles can say."""
    if any(said.calls or said.role == "tool" for said in transcript):
        return True
    return going_on and (len(transcript) > 1 or transcript[-1].role != "user")


def _shaped(last: Said, shape: Shape | None) -> Said:
    return last if shape is None else replace(last, text=f"{last.text}\n\n---\n{shape.instruction}")


def _digest(offer: Offer) -> str:
    """Names what is told of an offer's tools, whatever may be called of them now."""
    if _digest not in offer.known:
        every = replace(offer, choice="auto", named=None, parallel=True)
        offer.known[_digest] = blake2b(instructions(every).encode(), digest_size=16).hexdigest()
    return str(offer.known[_digest])
