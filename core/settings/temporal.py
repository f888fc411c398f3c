"""Temporal: a server of its own, or the embedded one."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from core.settings.base import Area


class TemporalSettings(Area):
    """Where Temporal is, or how `up` starts it."""

    address: str | None = Field(
        None,
        validation_alias="CHATGPT_TEMPORAL_ADDRESS",
        description="host:port of a Temporal server that is there. Unset: `up` starts one, others use loopback.",
    )
    namespace: str = Field("default", validation_alias="CHATGPT_TEMPORAL_NAMESPACE", description="Temporal namespace.")
    port: int = Field(
        7233,
        ge=0,
        le=65535,
        validation_alias="CHATGPT_TEMPORAL_PORT",
        description="Port of the embedded server; 0 is any free one.",
    )
    ui_port: int = Field(
        8233,
        ge=0,
        le=65535,
        validation_alias="CHATGPT_TEMPORAL_UI_PORT",
        description="Port of the embedded server's web UI; 0 is any free one.",
    )
    cli: Path | None = Field(
        None,
        validation_alias="CHATGPT_TEMPORAL_CLI",
        description="Temporal's binary. Unset: PATH, our cache, a download, a build with Go.",
    )
    ui_codec: bool = Field(
        True,
        validation_alias="CHATGPT_TEMPORAL_UI_CODEC",
        description="Whether the embedded server's web UI may show what histories hold.",
    )
    ui_codec_part: SecretStr | None = Field(
        None,
        validation_alias="CHATGPT_TEMPORAL_UI_CODEC_PART",
        description="Unguessable part of the address that the UI has payloads decoded at; `up` makes a new one at each "
        "start and hands it to the API.",
    )
    task_queue: str = Field(
        "chatgpt-bridge", validation_alias="CHATGPT_TEMPORAL_TASK_QUEUE", description="Task queue of the workers."
    )

    @property
    def target(self) -> str:
        """host:port that a client connects to."""
        return self.address or f"127.0.0.1:{self.port}"
