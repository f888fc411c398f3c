"""What is said upstream for a response: its own input alone, or everything before it as well."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import Scope

from api.caller import caller_of
from api.responses import compaction, items
from api.responses.history import History
from api.services import Services
from bridge.chat import transcript
from bridge.chat.composing import Composed, composed
from bridge.chat.order import Form
from bridge.chat.transcript import Said
from bridge.responses.places import Item, Place


class Speech:
    """One request's, loaded as far as it is needed.

    Attributes:
        form: what the answer may be.

    Args:
        instructions: a system prompt for this response alone.
        owner: whose it is.
        given: its own input.
        most_tokens: how long a chat with tools may become.
        with_files: pictures and documents are loaded; else the words alone are said.
    """

    def __init__(
        self,
        services: Services,
        scope: Scope,
        *,
        owner: str,
        instructions: str | None,
        given: Sequence[Item],
        history: History,
        form: Form,
        most_tokens: int | None,
        with_files: bool = True,
    ) -> None:
        self._services = services
        self._scope = scope
        self._owner = owner
        self._instructions = (Said("system", instructions),) if instructions else ()
        self._given = given
        self._history = history
        self.form = form
        self._most = most_tokens
        self._with_files = with_files
        self._workspace = services.settings.chat.tool_workspace

    async def composed(self) -> Composed:
        """The messages: new ones alone where the rest lies upstream.

        Raises:
            CallerError: `param` names what is wrong, or the file that cannot be had.
        """
        place = self._history.place
        if place is None:
            return await self.whole()
        said = await self._loaded(await self._opened(self._given, "input"))
        spoken = transcript.answerable((*self._instructions, *said), param="input")
        return await composed(
            spoken, self.form, most_tokens=self._most, workspace=self._workspace, going_on=True, told=place.told
        )

    async def whole(self) -> Composed:
        """Everything, from the beginning.

        Raises:
            CallerError: as `composed`.
        """
        before = await self._opened(await self._history.items(), "history")
        said = await self._loaded([*before, *await self._opened(self._given, "input")])
        spoken = transcript.answerable((*self._instructions, *said), param="input")
        return await composed(spoken, self.form, most_tokens=self._most, workspace=self._workspace)

    @property
    def place(self) -> Place | None:
        """Where it goes on upstream."""
        return self._history.place

    @property
    def opening(self) -> tuple[Said, ...]:
        """What its conversation may be known by: how its own input begins."""
        return (*self._instructions, *self._said(self._given, "input"))

    async def _opened(self, given: Sequence[Item], param: str) -> list[Said]:
        return self._said(await compaction.opened(self._services, given, self._owner, param=param), param)

    def _said(self, given: Sequence[Item], param: str) -> list[Said]:
        return items.said(given, param=param, offer=self.form.offer)

    async def _loaded(self, said: Sequence[Said]) -> tuple[Said, ...]:
        if not self._with_files:
            return transcript.without_files(said)
        if not any(one.files for one in said):
            return tuple(said)
        services = self._services
        caller = caller_of(self._scope, services.settings.server)
        return await transcript.with_files(said, services.bridge.references, caller)
