"""What a chat asks of the bridge itself, and not of a model: commands, and an agent's wish for a title."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

from starlette.types import Scope

from api.caller import grant_of
from api.services import Services
from api.usage import service as usage
from api.usage.table import table
from bridge.chat.helpers import HelperCall
from bridge.chat.transcript import Said
from core.contracts.keys import AccessScope

OwnWords: TypeAlias = Callable[[], Awaitable[str]]
"""Makes the answer that the bridge has itself."""

_USAGE = frozenset(f"{mark}chatgpt:{word}" for mark in ("", "/") for word in ("usage", "limits", "remain", "remaining"))


def own_words(services: Services, said: Sequence[Said], helper: HelperCall | None, scope: Scope) -> OwnWords | None:
    """What makes the answer to a chat where no model is needed for it; `None` where one is.

    Raises:
        MissingScopeError: it asks for what is left, which the client's key may not read.
    """
    last = said[-1]
    if not last.files and last.text.strip().lower() in _USAGE:
        grant_of(scope).require(AccessScope.READ)
        return partial(_table, services, scope)
    if helper is not None and helper.title is not None and services.settings.chat.helper_calls == "local":
        return partial(_now, helper.title.answer)
    return None


async def _table(services: Services, scope: Scope) -> str:
    told = await usage.usage(services, grant_of(scope), refresh=False)
    return table(told["accounts"])


async def _now(text: str) -> str:
    return text
