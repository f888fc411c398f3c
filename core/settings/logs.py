"""Logs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from core.settings.base import Area


class LogSettings(Area):
    """What is logged and how it looks; logs go to stderr and never hold credentials or prompts."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="CHATGPT_LOG_LEVEL", description="Least level that is logged."
    )
    format: Literal["auto", "console", "json"] = Field(
        "auto",
        validation_alias="CHATGPT_LOG_FORMAT",
        description="`console` for people, `json` for machines; `auto` is console on a terminal.",
    )

    @field_validator("level", "format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value
