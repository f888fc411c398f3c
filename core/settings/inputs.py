"""Pictures that clients send along, or have the bridge fetch."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from core.settings.base import Area

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,252}[a-z0-9_])?")


class InputSettings(Area):
    """How large an input may be, and where the bridge reads it from besides the request itself."""

    input_root: Path | None = Field(
        None,
        validation_alias="CHATGPT_INPUT_ROOT",
        description="Folder below which requests may name pictures by path. Unset: paths are refused.",
    )
    max_input_bytes: int = Field(
        20 * 1024 * 1024,
        ge=1024,
        validation_alias="CHATGPT_MAX_INPUT_BYTES",
        description="Largest single picture in bytes, sent or fetched; a larger one is refused with 413.",
    )
    max_input_body_bytes: int = Field(
        128 * 1024 * 1024,
        ge=1024,
        validation_alias="CHATGPT_MAX_INPUT_BODY_BYTES",
        description="Largest request body in bytes on the routes that take pictures, and largest sum of the pictures "
        "of one request.",
    )
    fetch_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias="CHATGPT_FETCH_ALLOW",
        description="Host names and networks such as `192.168.1.0/24`, comma-separated, that pictures may be fetched "
        "from although they are not public.",
    )
    fetch_seconds: float = Field(
        30,
        gt=0,
        validation_alias="CHATGPT_FETCH_SECONDS",
        description="Longest that fetching a picture may take, redirects included.",
    )

    @field_validator("fetch_allow", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("fetch_allow")
    @classmethod
    def _are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not _is_network(entry) and not _HOST.fullmatch(entry.lower()):
                raise ValueError(f"{entry!r} is neither a host name nor a network")
        return tuple(entry.lower() for entry in value)


def _is_network(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry)
    except ValueError:
        return False
    return True
