"""Several answers to one request: each is a chat of its own, all run at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import chain

from bridge.chat.answer import Answer, Listener
from bridge.chat.failover import Accounts, Attempt, ChatRun
from bridge.chat.order import ChatOrder
from bridge.chat.tokens import Usage, usage_of
from bridge.chat.uploads import Uploads
from bridge.usage import tokens

MOST_CHOICES = 4


@dataclass(frozen=True, slots=True)
class Answered:
    """Every choice of a request, and what all of them used."""

    answers: tuple[Answer, ...]
    usage: Usage


class Choices:
    """The runs of one request, in the order of its choices."""

    def __init__(self, accounts: Accounts, uploads: Uploads, order: ChatOrder, number: int = 1) -> None:
        self.order = order
        self.runs = tuple(ChatRun(accounts, uploads, order, choice) for choice in range(number))

    @property
    def account(self) -> str | None:
        """Who has the first choice now, or had it last; `None` while it waits for a slot."""
        return self.runs[0].account

    def account_of(self, error: BaseException) -> str | None:
        """Whose account an error of this request is about."""
        return next((attempt.account for attempt in self.attempts if attempt.error is error), self.account)

    @property
    def route(self) -> str:
        """How that account was chosen, in short."""
        return self.runs[0].route

    @property
    def attempts(self) -> list[Attempt]:
        """The accounts that failed at any of them."""
        return [*chain.from_iterable(run.attempts for run in self.runs)]

    @property
    def conversation_id(self) -> str | None:
        """The first choice's conversation upstream, once it is known."""
        return self.runs[0].progress.conversation_id

    @property
    def sent(self) -> bool:
        """The POST of one of them may have left."""
        return any(run.progress.sent for run in self.runs)

    @property
    def visible(self) -> bool:
        """Some of an answer was heard."""
        return any(run.progress.visible for run in self.runs)

    async def answer(self, listener: Listener) -> Answered:
        """Run them all; the first that fails ends the others.

        Raises:
            BridgeError: as `ChatRun.answer`.
        """
        # The tokenizer's table takes its time, once: it is loaded while upstream answers.
        loading = None if tokens.is_ready() else asyncio.ensure_future(tokens.ready())
        answers = await self._answers(listener)
        if loading is not None:
            await loading
        return Answered(answers, await usage_of(self.order, answers))

    async def _answers(self, listener: Listener) -> tuple[Answer, ...]:
        if len(self.runs) == 1:
            return (await self.runs[0].answer(listener),)
        tasks = [asyncio.create_task(run.answer(listener), name="choice") for run in self.runs]
        try:
            return tuple(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
