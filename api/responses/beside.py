"""What a request says in more places than one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import Headers

from api.responses import items
from api.responses.schemas import ResponseBody
from bridge.chat.tools.offer import Offer
from bridge.responses.places import Item

_SEARCH = "web_search"


def told_of(body: dict[str, Any], headers: Headers) -> Mapping[str, str]:
    """What a client says beside its request: in headers, or where it cannot set any in the body."""
    beside = body.get("client_metadata")
    words = beside.items() if isinstance(beside, dict) else ()
    return {name: word for name, word in words if isinstance(word, str)} | dict(headers)


def searches(request: ResponseBody) -> bool:
    """Whether upstream is asked to search. An agent that offers it beside its own tools leaves that to the model."""
    kinds = [str(tool.get("type")) for tool in request.tools or () if isinstance(tool, dict)]
    choice = request.tool_choice.get("type") if isinstance(request.tool_choice, dict) else None
    offered = [kind for kind in kinds if kind.startswith(_SEARCH)]
    return bool(offered) and (len(offered) == len(kinds) or str(choice).startswith(_SEARCH))


def ignored(request: ResponseBody, offer: Offer | None, given: Sequence[Item]) -> tuple[str, ...]:
    """The kinds of tools and items that nothing came of, without doubles."""
    kinds = dict.fromkeys((*(offer.ignored if offer else ()), *items.unheard(given)))
    return tuple(kind for kind in kinds if not (searches(request) and kind.startswith(_SEARCH)))


def with_tools(body: dict[str, Any], given: Sequence[Item]) -> dict[str, Any]:
    """The body with the tools that its input brings."""
    brought = items.tools(given)
    return {**body, "tools": [*(body.get("tools") or ()), *brought]} if brought else body
