"""The commands that call a running server."""

from __future__ import annotations

from pydantic import AliasChoices, Field, SecretStr

from core.settings.base import Area


class ClientSettings(Area):
    """Which server to call, and as whom."""

    base_url: str = Field(
        "http://127.0.0.1:8000/v1",
        validation_alias=AliasChoices("CHATGPT_ADMIN_BASE_URL", "CHATGPT_BASE_URL"),
        description="Base address of the running server.",
    )
    api_key: SecretStr | None = Field(
        None,
        validation_alias="CHATGPT_API_KEY",
        description="Bearer key. Unset: the file `api-key` of the data folder.",
    )
