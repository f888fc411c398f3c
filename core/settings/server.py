"""The HTTP API."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from core.settings.base import Area


class ServerSettings(Area):
    """Where the API listens, who may call it and how patient it is."""

    host: str = Field("127.0.0.1", validation_alias="CHATGPT_API_HOST", description="Address to listen on.")
    port: int = Field(
        8000, ge=0, le=65535, validation_alias="CHATGPT_API_PORT", description="Port to listen on; 0 is any free one."
    )
    api_key: SecretStr | None = Field(
        None,
        validation_alias="CHATGPT_API_KEY",
        description="Bearer key of the API. Unset: the first start makes one in the file `api-key` of the data folder.",
    )
    public_base_url: str | None = Field(
        None,
        validation_alias="CHATGPT_PUBLIC_BASE_URL",
        description="Base of download links, such as `https://bridge.example/v1`. Unset: the request's own host.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias="CHATGPT_ALLOWED_HOSTS",
        description="Host names, comma-separated, that the server goes by beside addresses, localhost and the bind; "
        "`.example.com` stands for all below it, `*` for any.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias="CHATGPT_CORS_ORIGINS",
        description="Browser origins, comma-separated, that may call the API beside those of this machine.",
    )
    max_body_bytes: int = Field(
        64 * 1024 * 1024,
        ge=1024,
        validation_alias="CHATGPT_MAX_BODY_BYTES",
        description="Largest request body in bytes; a larger one is refused with 413.",
    )
    max_connections: int = Field(
        1000,
        ge=1,
        validation_alias="CHATGPT_MAX_CONNECTIONS",
        description="Connections that are open at once; further ones are answered with 503.",
    )
    request_seconds: float = Field(
        30,
        gt=0,
        validation_alias="CHATGPT_REQUEST_SECONDS",
        description="Longest pause while a request's head or body arrives; then its connection is closed.",
    )
    link_hours: float = Field(
        168, gt=0, validation_alias="CHATGPT_LINK_HOURS", description="How long a download link opens its file."
    )
    plain_links: bool = Field(
        False,
        validation_alias="CHATGPT_PLAIN_LINKS",
        description="Links on loopback are plain: on this machine, whoever knows a file's id may read it.",
    )
    sync_patience_seconds: float = Field(
        45,
        gt=0,
        validation_alias="CHATGPT_SYNC_PATIENCE_SECONDS",
        description="After this long a synchronous answer sends its headers and then white space, for proxies' sake.",
    )
    ping_seconds: float = Field(
        15, gt=0, validation_alias="CHATGPT_PING_SECONDS", description="Silence after which a stream sends a comment."
    )
    first_event_seconds: float = Field(
        10,
        gt=0,
        validation_alias="CHATGPT_FIRST_EVENT_SECONDS",
        description="A streamed answer begins at the latest this long after upstream accepted the turn.",
    )
    shutdown_seconds: float = Field(
        10,
        ge=0,
        validation_alias="CHATGPT_SHUTDOWN_SECONDS",
        description="How long running streams may go on after SIGTERM before they end with an error object.",
    )

    @field_validator("allowed_hosts", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("public_base_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/") if value else value
