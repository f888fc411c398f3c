"""The bridge's API keys as typed calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from integrations.client.models import Answer
from integrations.client.transport import Transport

_KEYS = "/chatgpt/keys"


class Key(Answer):
    """An API key. `key` is the key itself, which only the answer that made it holds.

    `warnings`, after a change, are names of accounts and models that nobody has now.
    """

    id: str
    name: str = ""
    hint: str | None = None
    state: str = ""
    scopes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    per_minute: int | None = None
    per_day: int | None = None
    created_at: float | None = None
    expires_at: float | None = None
    revoked_at: float | None = None
    last_used_at: float | None = None
    key: str | None = None
    warnings: tuple[str, ...] = ()


class Keys(Answer):
    """All keys."""

    data: tuple[Key, ...] = ()


class KeyCalls:
    """What `BridgeClient.keys` can do; needs a key that administers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> Keys:
        """Every key, revoked ones too."""
        return Keys.model_validate(self._transport.json("GET", _KEYS))

    def create(self, terms: Mapping[str, Any]) -> Key:
        """Make a key; only this answer holds it."""
        return Key.model_validate(self._transport.json("POST", _KEYS, terms))

    def show(self, key_id: str) -> Key:
        """One key."""
        return Key.model_validate(self._transport.json("GET", _path(key_id)))

    def change(self, key_id: str, changes: Mapping[str, Any]) -> Key:
        """Change some of a key's terms."""
        return Key.model_validate(self._transport.json("PATCH", _path(key_id), changes))

    def revoke(self, key_id: str) -> Key:
        """Take a key back at once."""
        return Key.model_validate(self._transport.json("POST", f"{_path(key_id)}/revoke"))


def _path(key_id: str) -> str:
    return f"{_KEYS}/{quote(key_id, safe='')}"
