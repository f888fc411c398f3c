"""Answers of chats in the background: heard from what their operations wrote down, and never asked for again."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from bridge.chat.drafting import draft_for
from bridge.chat.drafts import Done
from bridge.chat.order import Form
from bridge.chat.tools.offer import ToolCall


class Rehearing:
    """Hears an answer once more. The same pieces show the same, whoever hears them and whenever.

    Args:
        seed: names the answer; the ids of its calls come from it.
    """

    def __init__(self, form: Form, *, seed: str) -> None:
        self._draft = draft_for(form, self._say, self._tell)
        self._seed = seed
        self._shown: list[str] = []

    async def text(self, piece: str) -> str:
        """What may be shown now that this piece is there."""
        await self._draft.text(piece)
        return self._take()

    async def end(self, whole: str) -> tuple[str, Done]:
        """The rest that is shown, and what the answer came to.

        Raises:
            ToolCallMissingError: a call was required, and there is none.
        """
        done = await self._draft.settle(whole, "stop")
        calls = tuple(replace(call, id=self._call_id(number)) for number, call in enumerate(done.calls))
        return self._take(), replace(done, calls=calls)

    async def _say(self, piece: str) -> None:
        self._shown.append(piece)

    async def _tell(self, call: ToolCall) -> None:
        """Calls are told when the answer is complete."""

    def _take(self) -> str:
        shown, self._shown = "".join(self._shown), []
        return shown

    def _call_id(self, number: int) -> str:
        return f"call_{hashlib.sha256(f'{self._seed}:{number}'.encode()).hexdigest()[:24]}"
