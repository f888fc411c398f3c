"""Chats."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field, field_validator

from core.settings.base import Area

_NO_FALLBACK = frozenset({"none", "off", "false", "disabled"})


class ChatSettings(Area):
    """What chats do that upstream does not."""

    model_fallback: str | None = Field(
        "auto",
        validation_alias="CHATGPT_MODEL_FALLBACK",
        description="Model that answers where a chat's own is not offered, is limited or says nothing; `off`: none.",
    )
    agent_mode: Literal["optimized", "opencode"] = Field(
        "optimized",
        validation_alias=AliasChoices("CHATGPT_AGENT_MODE", "CHATGPT_AGENT_PROMPT_MODE"),
        description="How tools are described to the model where a request does not say: `optimized` or `opencode`.",
    )
    history_tokens: int = Field(
        60_000,
        ge=1000,
        validation_alias="CHATGPT_TOOL_HISTORY_TOKENS",
        description="Longest that a chat with tools may become upstream, by estimate; older parts are left out.",
    )
    tool_workspace: bool = Field(
        False,
        validation_alias="CHATGPT_TOOL_WORKSPACE",
        description="Tell models with tools that whatever looks into or changes the user's files needs a call.",
    )
    helper_calls: Literal["local", "upstream"] = Field(
        "local",
        validation_alias="CHATGPT_HELPER_CALLS",
        description="Who answers an agent's call for a title: `local`, the bridge, for nothing; `upstream`, a model.",
    )

    @field_validator("model_fallback")
    @classmethod
    def _off(cls, value: str | None) -> str | None:
        return None if value is None or value.strip().lower() in _NO_FALLBACK else value
