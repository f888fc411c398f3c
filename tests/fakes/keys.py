"""API keys of a served bridge."""

from __future__ import annotations

from typing import Any

import httpx2

from core.contracts.keys import AccessScope, KeyTerms
from tests.fakes.server import Served

EVERYTHING = tuple(AccessScope)


async def make_key(served: Served, *scopes: AccessScope, **terms: Any) -> str:
    """A new key; all scopes when none is named."""
    made = await served.bridge.keys.create(
        KeyTerms(name=terms.pop("name", "test"), scopes=scopes or EVERYTHING, **terms), actor="test"
    )
    return str(made.value)


async def client_with(served: Served, *scopes: AccessScope, **terms: Any) -> httpx2.AsyncClient:
    """A client that has a new key."""
    return served.client(await make_key(served, *scopes, **terms))
