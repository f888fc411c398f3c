"""A response in one piece."""

from __future__ import annotations

from typing import Any

from starlette.types import Send

from api.answers.naming import Naming
from api.answers.unheard import WholeAnswer
from api.responses.objects import response_of
from api.responses.wording import Wording
from bridge.chat.choices import Answered
from core.settings import ServerSettings


class WholeResponse(WholeAnswer):
    """The response at its end."""

    def __init__(self, wording: Wording, naming: Naming, settings: ServerSettings, send: Send) -> None:
        super().__init__(settings, send)
        self._wording = wording
        self._naming = naming

    async def finish(self, answered: Answered) -> None:
        """Send it."""
        await self._late.finish(self._body(response_of(self._wording, answered)), headers=self._naming())

    def _body(self, response: dict[str, Any]) -> dict[str, Any]:
        return response


class Compaction(WholeResponse):
    """A sealed summary, as the route for nothing else answers with it."""

    def _body(self, response: dict[str, Any]) -> dict[str, Any]:
        told = {name: response[name] for name in ("id", "created_at", "output", "usage", "chatgpt_account")}
        return {**told, "object": "response.compaction"}
