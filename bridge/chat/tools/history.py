"""A whole conversation as the one message that upstream is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count as counter
from itertools import groupby

from bridge.chat.tools.blocks import Block, File, Message, blocks
from bridge.chat.tools.compaction import Count, compact
from bridge.chat.tools.offer import Offer
from bridge.chat.tools.prompt import instructions, reminder
from core.errors import MessageTooLongError

__all__ = ["Folded", "Message", "fold"]

_NOTE_TOKENS = 30


@dataclass(frozen=True, slots=True)
class Folded:
    """A conversation as one message of the user.

    Attributes:
        files: what has to be uploaded with it; `[image 1]` in the text is the first picture.
        tokens: what it comes to, estimated.
        left_out: messages that are not in it.
    """

    text: str = field(repr=False)
    files: tuple[File, ...]
    tokens: int
    left_out: int = 0


def fold(
    transcript: Sequence[Message],
    offer: Offer,
    *,
    budget_tokens: int,
    count: Count,
    workspace: bool = False,
    shorten_finished: bool = False,
) -> Folded:
    """Put a conversation and the tools into one message, and make it fit.

    What has to go goes oldest first, and a line in its place says so. System messages, the latest message of the user
    and all that follows it, and calls that are not finished stay whole.

    Args:
        count: estimates the tokens of a text.
        workspace: as `instructions`.
        shorten_finished: when nothing else is left, shorten results after the latest message of the user that a later
            message of the assistant follows; a long run of an agent has nothing else.

    Raises:
        MessageTooLongError: what has to stay does not fit; the message names the sizes.
    """
    found = blocks(transcript)
    frame = instructions(offer, workspace=workspace), reminder(offer)
    framing = _framing(offer, frame, count)
    for block in found:
        block.words = count(block.body)
    over = framing + sum(block.tokens for block in found) - budget_tokens
    if over > 0 and compact(found, over + _NOTE_TOKENS, count, finished=shorten_finished) > 0:
        raise MessageTooLongError(_sizes(found, framing, budget_tokens), param="messages")
    kept = [block for block in found if not block.gone]
    return Folded(
        text=_written(found, *frame),
        files=tuple(file for block in kept for file in block.files),
        tokens=framing + sum(block.tokens for block in kept),
        left_out=len(found) - len(kept),
    )


def _framing(offer: Offer, frame: tuple[str, str], count: Count) -> int:
    place = _framing, frame, count
    if place not in offer.known:
        offer.known[place] = sum(map(count, frame))
    return int(offer.known[place])


def _sizes(found: Sequence[Block], framing: int, budget: int) -> str:
    system = sum(block.tokens for block in found if block.role in ("system", "developer"))
    rest = sum(block.tokens for block in found if not block.gone) - system
    return (
        f"The conversation needs about {framing + system + rest:,} tokens after everything was left out that may be: "
        f"{framing:,} for the tools, {system:,} for system messages, {rest:,} for the latest message of the user, what "
        f"follows it and calls without a result. {budget:,} are the most."
    )


def _written(found: Sequence[Block], opening: str, closing: str) -> str:
    # Nothing that anybody wrote into the conversation can know this, so nothing in it can pass for a message.
    mark = f"--- {blake2b(repr([block.body for block in found]).encode(), digest_size=4).hexdigest()}"
    parts = [opening] if opening else []
    parts.append(f"The conversation, oldest first. Each message begins with a line `{mark}` that says who speaks.")
    pictures = counter(1)
    for gone, group in groupby(found, key=lambda block: block.gone):
        if gone:
            parts.append(_note(mark, list(group)))
            continue
        for block in group:
            names = [_named(file, pictures) for file in block.files]
            parts.append("\n".join([f"{mark} {block.label}", *[" ".join(names)] * bool(names), block.body]))
    parts.append(f"{mark} end")
    return "\n\n".join([*parts, closing] if closing else parts)


def _named(file: File, pictures: Iterator[int]) -> str:
    """How the text refers to a file: pictures by their numbers, since models are shown no names of theirs."""
    return f"[image {next(pictures)}]" if file.kind == "picture" else f"[file {file.name}]"


def _note(mark: str, gone: Sequence[Block]) -> str:
    tokens = sum(block.tokens for block in gone)
    return f"{mark} note\n[{len(gone)} messages of about {tokens:,} tokens were left out here.]"
