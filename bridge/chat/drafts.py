"""What stands between upstream's words and the client: it shows what may be shown, and says whether it is enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from bridge.chat.order import Form
from bridge.chat.stops import StopWords, TokenLimit
from bridge.chat.structured import Fails, Shape, examine
from bridge.chat.tools.offer import ToolCall

Ended: TypeAlias = Literal["stop", "length"]
"""Why upstream ended."""

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls"]
"""Why the answer ended."""

Say: TypeAlias = Callable[[str], Awaitable[None]]
"""Tells the client a piece of the answer."""

_REFUSED = "The model did not answer in the form that was asked for, also when it was asked again: "
_LONGEST_REFUSAL = 2000


@dataclass(frozen=True, slots=True)
class Done:
    """What an answer came to; the client has heard its text.

    Attributes:
        calls: what the client is to run.
        refusal: why there is no answer in the form that was asked for.
        left_out: calls behind the first, where only one is welcome at a time.
    """

    text: str
    finish_reason: FinishReason = "stop"
    calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Again:
    """The answer will not do.

    Attributes:
        instruction: what the model is to be told, once.
        second: takes the answer to that, which is the last one.
    """

    instruction: str
    second: Draft


class Draft(Protocol):
    """One answer while it comes."""

    @property
    def heard(self) -> str:
        """What upstream has said so far."""

    @property
    def enough(self) -> bool:
        """Nothing that may follow would be shown, so that upstream can be stopped."""

    async def text(self, piece: str) -> None:
        """Take the next piece of upstream's text."""

    async def end(self, whole: str, reason: Ended) -> Done | Again:
        """Upstream has ended; an answer that will not do may be asked for once more.

        Args:
            whole: its text as it ended; where it rewrote itself, what was shown before stays said.
        """

    async def settle(self, whole: str, reason: Ended) -> Done:
        """The same, where nobody is asked again.

        Raises:
            ToolCallMissingError: a call was required, and none came.
        """


class PlainDraft:
    """Text as it comes."""

    enough = False

    def __init__(self, say: Say) -> None:
        self._say = say
        self._heard: list[str] = []

    @property
    def heard(self) -> str:
        """What upstream has said so far."""
        return "".join(self._heard)

    async def text(self, piece: str) -> None:
        """Show it."""
        self._heard.append(piece)
        await self._say(piece)

    async def end(self, whole: str, reason: Ended) -> Done:
        """Show the rest."""
        return await self.settle(whole, reason)

    async def settle(self, whole: str, reason: Ended) -> Done:
        """Show the rest."""
        rest = rest_of(whole, self.heard)
        if rest:
            await self._say(rest)
        return Done(whole, reason)


class CutDraft:
    """Text as it comes, up to a stop word or the token limit."""

    def __init__(self, form: Form, say: Say) -> None:
        self._say = say
        self._words, self._limit = StopWords(form.stops), TokenLimit(form.most_tokens)
        self._heard: list[str] = []
        self._shown: list[str] = []

    @property
    def heard(self) -> str:
        """What upstream has said so far."""
        return "".join(self._heard)

    @property
    def enough(self) -> bool:
        """The cut has come."""
        return self._words.stopped or self._limit.reached

    async def text(self, piece: str) -> None:
        """Show what is before the cut."""
        self._heard.append(piece)
        await self._show(self._words.feed(self._limit.feed(piece)))

    async def end(self, whole: str, reason: Ended) -> Done:
        """Show the rest, up to the cut."""
        return await self.settle(whole, reason)

    async def settle(self, whole: str, reason: Ended) -> Done:
        """Show the rest, up to the cut."""
        if not self.enough:
            await self.text(rest_of(whole, self.heard))
        if not self._words.stopped:
            await self._show(self._words.finish())
        if self.enough:
            return Done("".join(self._shown), "stop" if self._words.stopped else "length")
        return Done(whole, reason)

    async def _show(self, piece: str) -> None:
        if piece:
            self._shown.append(piece)
            await self._say(piece)


class ShapedDraft:
    """An answer in JSON: held until it is whole and has the form that was asked for."""

    def __init__(self, form: Form, shape: Shape, say: Say) -> None:
        self._form, self._shape, self._say = form, shape, say
        self._limit = TokenLimit(form.most_tokens)
        self._heard: list[str] = []

    @property
    def heard(self) -> str:
        """What upstream has said so far, up to the limit."""
        return "".join(self._heard)

    @property
    def enough(self) -> bool:
        """The token limit was reached."""
        return self._limit.reached

    async def text(self, piece: str) -> None:
        """Hold it."""
        self._heard.append(self._limit.feed(piece))

    async def end(self, whole: str, reason: Ended) -> Done | Again:
        """Show it if it will do."""
        found = self._found(whole, reason)
        if isinstance(found, Fails):
            return Again(found.instruction, ShapedDraft(self._form, self._shape, self._say))
        return await self._told(found)

    async def settle(self, whole: str, reason: Ended) -> Done:
        """Show it if it will do, and say why there is none where it will not."""
        found = self._found(whole, reason)
        if isinstance(found, Done):
            return await self._told(found)
        # A model that speaks instead of answering in JSON says why itself.
        refusal = whole.strip() if found.spoken else _REFUSED + " ".join(found.problems)
        return Done("", refusal=refusal[:_LONGEST_REFUSAL])

    def _found(self, whole: str, reason: Ended) -> Done | Fails:
        """What it is; one that was cut is taken as it is, because it can only be half a value."""
        if self._limit.reached:
            return Done(self.heard, "length")
        if reason == "length":
            return Done(whole, "length")
        found = examine(whole, self._shape)
        return found if isinstance(found, Fails) else Done(found.text)

    async def _told(self, done: Done) -> Done:
        await self._say(done.text)
        return done


def rest_of(whole: str, heard: str) -> str:
    """What the end knows and no piece has brought; an answer that was rewritten cannot be unsaid."""
    return whole[len(heard) :] if whole.strip() and whole.startswith(heard) else ""
