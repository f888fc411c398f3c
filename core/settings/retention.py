"""What age and total size remove."""

from __future__ import annotations

from pydantic import Field

from core.settings.base import Area


class RetentionSettings(Area):
    """How long what an operation leaves behind is kept; 0 keeps it for good."""

    operations_days: float = Field(
        90,
        ge=0,
        validation_alias="CHATGPT_RETENTION_OPERATIONS_DAYS",
        description="Days after its end that an operation is kept; 0 keeps all. Its files stay.",
    )
    events_days: float = Field(
        30,
        ge=0,
        validation_alias="CHATGPT_RETENTION_EVENTS_DAYS",
        description="Days after its end that an operation's events are kept, but for the last one; 0 keeps all.",
    )
    inputs_days: float = Field(
        30,
        ge=0,
        validation_alias="CHATGPT_RETENTION_INPUTS_DAYS",
        description="Days after its last use that a picture which a client sent is kept; 0 keeps all.",
    )
    files_days: float = Field(
        0,
        ge=0,
        validation_alias="CHATGPT_RETENTION_FILES_DAYS",
        description="Days that a file which a client uploaded is kept where it does not expire before; 0 keeps all.",
    )
    artifacts_days: float = Field(
        0,
        ge=0,
        validation_alias="CHATGPT_RETENTION_ARTIFACTS_DAYS",
        description="Days that a file which an operation made is kept; 0 keeps all.",
    )
    artifacts_max_mb: float = Field(
        0,
        ge=0,
        validation_alias="CHATGPT_RETENTION_ARTIFACTS_MAX_MB",
        description="Megabytes that the files which operations made may take together, beyond which the oldest go; "
        "0 sets no limit.",
    )
    audit_days: float = Field(
        365,
        ge=0,
        validation_alias="CHATGPT_RETENTION_AUDIT_DAYS",
        description="Days that an entry of the audit log is kept; 0 keeps all.",
    )
    account_events_days: float = Field(
        90,
        ge=0,
        validation_alias="CHATGPT_RETENTION_ACCOUNT_EVENTS_DAYS",
        description="Days that what happened to accounts is kept; 0 keeps all.",
    )
    responses_days: float = Field(
        30,
        ge=0,
        validation_alias="CHATGPT_RETENTION_RESPONSES_DAYS",
        description="Days that a kept response, and a conversation since its last use, are kept; 0 keeps all.",
    )
    interval_hours: float = Field(
        6,
        ge=0,
        validation_alias="CHATGPT_RETENTION_INTERVAL_HOURS",
        description="Hours from one removal to the next; 0 switches it off.",
    )
