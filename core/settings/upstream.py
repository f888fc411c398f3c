"""How the bridge speaks to ChatGPT Web."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from core.settings.base import Area

_TRUE = frozenset({"1", "true", "yes", "on", "temporary", "incognito", "private"})
_FALSE = frozenset({"0", "false", "no", "off", "normal", "regular", "default"})


def privacy(value: object) -> bool | None:
    """`True` for a word that asks for a temporary chat, `False` for a normal one, `None` for any other word."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


class UpstreamSettings(Area):
    """Where upstream is and how long it may take."""

    base_url: str = Field(
        "https://chatgpt.com",
        validation_alias="CHATGPT_WEB_BASE_URL",
        description="Base origin of everything that is sent upstream, WebSockets included.",
    )
    timeout_seconds: float = Field(
        5400, gt=0, validation_alias="CHATGPT_WEB_TIMEOUT", description="Longest a single turn may take, in seconds."
    )
    connect_seconds: float = Field(
        10, gt=0, validation_alias="CHATGPT_WEB_CONNECT_TIMEOUT", description="Longest a connection may take to open."
    )
    idle_seconds: float = Field(
        180,
        gt=0,
        validation_alias="CHATGPT_WEB_IDLE_TIMEOUT",
        description="Longest silence in a turn; keep-alive comments count as silence.",
    )
    prepare: Literal["beside", "wait"] = Field(
        "beside",
        validation_alias="CHATGPT_WEB_PREPARE",
        description="`beside`: prepare starts together with the turn; `wait`: before it, for a round trip more.",
    )
    temporary_chat: bool = Field(
        True,
        validation_alias="CHATGPT_TEMPORARY_CHAT",
        description="Whether direct chats are temporary. Operations always run in normal chats.",
    )

    @field_validator("temporary_chat", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        known = privacy(value)
        if known is None:
            raise ValueError("must be a word such as true, false, temporary or normal")
        return known

    @field_validator("base_url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        origin = value.rstrip("/")
        if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
            raise ValueError("must be an origin such as https://chatgpt.com, without a path")
        return origin
