"""A chat's answer in one piece."""

from __future__ import annotations

from starlette.types import Send

from api.answers.asked import Identity
from api.answers.naming import Naming
from api.answers.unheard import WholeAnswer
from api.chat.completion import completion
from api.chat.wording import Wording
from bridge.chat.choices import Answered
from core.settings import ServerSettings


class WholeChat(WholeAnswer):
    """The completion at its end."""

    def __init__(self, wording: Wording, named: Identity, naming: Naming, settings: ServerSettings, send: Send) -> None:
        super().__init__(settings, send)
        self._wording = wording
        self._named = named
        self._naming = naming

    async def finish(self, answered: Answered) -> None:
        """Send it."""
        wording = self._wording
        body = completion(
            answered, self._named, model=wording.model, older=wording.older, with_thoughts=wording.thoughts
        )
        await self._late.finish(body, headers=self._naming())
