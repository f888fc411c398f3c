"""Items that a client names by their ids instead of sending them again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from api.responses.reading import find
from api.services import Services
from bridge.responses.places import Item
from core.errors import NotFoundError

_ITEM = re.compile(r"[a-z]+_(?P<response>[0-9a-f]{32})_i?\d+")


async def resolved(services: Services, items: Sequence[Item], owner: str) -> tuple[Item, ...]:
    """The items, with those in place of references that the references name.

    Raises:
        NotFoundError: one names none that is kept for this owner; `param` says which.
    """
    found = [
        await _referred(services, item, owner, f"input[{number}]") if item.get("type") == "item_reference" else item
        for number, item in enumerate(items)
    ]
    return tuple(found)


async def _referred(services: Services, reference: Item, owner: str, param: str) -> Item:
    named = _ITEM.fullmatch(str(reference.get("id")))
    if named is not None:
        try:
            kept = await find(services, f"resp_{named['response']}", owner)
        except NotFoundError:
            kept = None
        for item in kept.said if kept is not None else ():
            if item.get("id") == reference["id"]:
                return item
    raise NotFoundError(f"`{param}`: there is no item {reference.get('id')!r}; was it kept?", param=param)
