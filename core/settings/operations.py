"""Operations: patience, retries, retention."""

from __future__ import annotations

from pydantic import Field

from core.settings.research import ResearchSettings


class OperationSettings(ResearchSettings):
    """How operations wait, retry and give up. Times in seconds."""

    grace_seconds: float = Field(
        10,
        ge=0,
        validation_alias="CHATGPT_RECONCILE_GRACE_SECONDS",
        description="How long a lost submission is looked for upstream before it counts as never arrived.",
    )
    image_limit_seconds: float = Field(
        900, gt=0, validation_alias="CHATGPT_IMAGE_LIMIT_SECONDS", description="Longest an image operation may run."
    )
    text_limit_seconds: float = Field(
        900,
        gt=0,
        validation_alias="CHATGPT_TEXT_LIMIT_SECONDS",
        description="Longest a vision or background chat operation may run.",
    )
    poll_seconds: float = Field(
        3, gt=0, validation_alias="CHATGPT_IMAGE_POLL_SECONDS", description="First pause between looks for an image."
    )
    poll_max_seconds: float = Field(
        10, gt=0, validation_alias="CHATGPT_IMAGE_POLL_MAX_SECONDS", description="Longest pause between looks."
    )
    max_upstream_failures: int = Field(
        5,
        ge=1,
        validation_alias="CHATGPT_MAX_UPSTREAM_FAILURES",
        description="Upstream failures after which an operation fails.",
    )
    heartbeat_seconds: float = Field(
        10,
        ge=1,
        validation_alias="CHATGPT_HEARTBEAT_SECONDS",
        description="Silence after which a running step of an operation counts as dead and is begun again elsewhere.",
    )
    call_limit_seconds: float = Field(
        120,
        ge=1,
        validation_alias="CHATGPT_CALL_LIMIT_SECONDS",
        description="Longest that a short step (a look, a stop, an upload, a download) may take at once.",
    )
    reconcile_after_seconds: float = Field(
        5,
        gt=0,
        validation_alias="CHATGPT_RECONCILE_AFTER_SECONDS",
        description="Age at which an accepted operation that was not started is started by the reconciler.",
    )
    idempotency_hours: float = Field(
        24, gt=0, validation_alias="CHATGPT_IDEMPOTENCY_HOURS", description="How long an Idempotency-Key is kept."
    )
