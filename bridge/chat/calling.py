"""An answer that may call tools: its words are shown as they come, its calls when they are known to be right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from bridge.chat.drafts import Again, Done, Draft, Ended, Say, rest_of
from bridge.chat.order import Form
from bridge.chat.stops import TokenLimit
from bridge.chat.tools.calls import CallParser, Piece
from bridge.chat.tools.offer import ToolCall
from bridge.chat.tools.schemas import Checker
from bridge.chat.tools.verdict import AskAgain, Deliver, Unanswered, judge
from core.errors import ToolCallMissingError

Tell: TypeAlias = Callable[[ToolCall], Awaitable[None]]
"""Tells the client of a call."""

_ONCE = AskAgain("")
"""Stands for what was never asked, where nobody is asked again."""

Words: TypeAlias = Callable[[], Draft]
"""Makes the draft that takes the words of an answer."""


class CallingDraft:
    """Parts an answer into words and calls.

    The words of a second answer are about the first one's calls: they are shown only where no call comes of it.

    Args:
        form: of the answer; its tools are those of `checker`.
        words: makes the draft that takes the words.
        say, tell: tell the client words and calls.
        first: what the model was asked before this answer, `None` for its first one.
        shown: the words of that first one.
    """

    def __init__(
        self,
        checker: Checker,
        form: Form,
        words: Words,
        say: Say,
        tell: Tell,
        *,
        first: AskAgain | None = None,
        shown: str = "",
    ) -> None:
        self._checker, self._form = checker, form
        self._make_words, self._say, self._tell = words, say, tell
        self._first, self._shown = first, shown
        self._words = words()
        self._limit = TokenLimit(form.most_tokens)
        self._parser = CallParser(tool.name for tool in checker.offer.callable)
        self._heard: list[str] = []
        self._pieces: list[Piece] = []
        self._is_complete = False

    @property
    def heard(self) -> str:
        """What upstream has said so far, calls included."""
        return "".join(self._heard)

    @property
    def enough(self) -> bool:
        """The words were cut, or the token limit was reached."""
        return self._words.enough or self._limit.reached

    async def text(self, piece: str) -> None:
        """Show what is certain to be words."""
        self._heard.append(piece)
        await self._take(self._parser.feed(self._limit.feed(piece)))

    async def end(self, whole: str, reason: Ended) -> Done | Again:
        """Tell the calls if they are right; once the model may be asked for them again."""
        await self._complete(whole)
        verdict = judge(self._pieces, self._checker, self._first)
        if reason == "length" or self.enough:
            # A model that was cut off has not got it wrong.
            return await self._settled(reason)
        if isinstance(verdict, AskAgain):
            again = CallingDraft(
                self._checker,
                self._form,
                self._make_words,
                self._say,
                self._tell,
                first=verdict,
                shown="".join(piece for piece in self._pieces if isinstance(piece, str)),
            )
            return Again(verdict.text, again)
        if isinstance(verdict, Deliver) and not verdict.calls:
            return await self._words.end(self._said(verdict), reason)
        return await self._settled(reason)

    async def settle(self, whole: str, reason: Ended) -> Done:
        """Tell the calls that are right; the others are words."""
        await self._complete(whole)
        return await self._settled(reason)

    async def _take(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            self._pieces.append(piece)
            if isinstance(piece, str) and self._first is None:
                await self._words.text(piece)

    async def _complete(self, whole: str) -> None:
        """Hear what only the end has brought; where upstream rewrote itself, the calls are those of its last word."""
        if self._is_complete:
            return
        self._is_complete = True
        if not self.enough and whole.startswith(self.heard):
            await self._take(self._parser.feed(self._limit.feed(rest_of(whole, self.heard))))
        await self._take(self._parser.end())
        if not self.enough and not whole.startswith(self.heard):
            parser = CallParser(tool.name for tool in self._checker.offer.callable)
            self._pieces = [*parser.feed(whole), *parser.end()]

    async def _settled(self, reason: Ended) -> Done:
        verdict = judge(self._pieces, self._checker, self._first or _ONCE)
        if isinstance(verdict, Unanswered):
            raise ToolCallMissingError(verdict.why, spent=True)
        assert isinstance(verdict, Deliver)
        said, ended = self._said(verdict), "length" if self._limit.reached else reason
        if not verdict.calls:
            return await self._without_calls(said, ended)
        shown = await self._before_calls(said, ended)
        for call in verdict.calls:
            await self._tell(call)
        return Done(shown, "tool_calls", verdict.calls, left_out=verdict.left_out)

    async def _without_calls(self, said: str, reason: Ended) -> Done:
        gap = "\n\n" if self._shown.strip() else ""
        done = await self._words.settle(f"{gap}{said}", reason)
        return replace(done, text=f"{self._shown}{done.text}")

    async def _before_calls(self, said: str, reason: Ended) -> str:
        """Show the rest of the words; no form is asked of those that stand before calls."""
        if self._first is not None:
            return self._shown
        if self._form.shape is None:
            return (await self._words.settle(said, reason)).text
        if said.strip():
            await self._say(said)
        return said

    def _said(self, verdict: Deliver) -> str:
        """The words, and behind them the calls that cannot be delivered."""
        words = "".join(piece for piece in self._pieces if isinstance(piece, str))
        if not verdict.text:
            return words
        return f"{words}\n\n{verdict.text}" if words.strip() else verdict.text
