"""What our API answers. Fields a newer server adds are kept, so that `--json` shows all of an answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """The base: known fields are typed, others are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def as_sent(self) -> dict[str, Any]:
        """The answer as the server sent it."""
        return self.model_dump(mode="json", exclude_unset=True)


class Health(Answer):
    """`GET /health`."""

    ok: bool = False
    accounts: tuple[str, ...] = ()
    account_strategy: str | None = None


class Part(Answer):
    """A part of the bridge. `state`: `ok`, `degraded` or `unavailable`."""

    name: str
    state: str
    detail: str | None = None


class AccountWarning(Answer):
    """An account that somebody has to look after.

    `stage`: its capture ends within a `week`, `days` or `hours`, or has `expired`; or the account is `quarantined` or
    `unusable`.
    """

    account: str
    stage: str
    message: str = ""


class Readiness(Answer):
    """`GET /health/ready`; `status` is the worst of the parts' states that matters.

    `warnings` is `None` where the key may not see them.
    """

    status: str
    parts: tuple[Part, ...] = ()
    warnings: tuple[AccountWarning, ...] | None = None


class Model(Answer):
    """An entry of `GET /v1/models`."""

    id: str
    owned_by: str = ""


class Message(Answer):
    """An assistant's message."""

    content: str | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()


class Choice(Answer):
    """The one choice of an answer."""

    message: Message = Message()
    finish_reason: str | None = None


class ChatAnswer(Answer):
    """`POST /v1/chat/completions` without `stream`."""

    id: str
    model: str = ""
    choices: tuple[Choice, ...] = ()
    chatgpt_account: str | None = None
    chatgpt_operation_id: str | None = None
    chatgpt_fallback_model: str | None = None
    chatgpt_conversation_id: str | None = None

    @property
    def text(self) -> str:
        """The words of the answer."""
        return (self.choices[0].message.content or "") if self.choices else ""


class ResponseAnswer(Answer):
    """A response, as `/v1/responses` tells it. `status`: `queued`, `in_progress`, `completed` and its other ends."""

    id: str
    model: str = ""
    status: str = ""
    output: tuple[dict[str, Any], ...] = ()
    chatgpt_account: str | None = None

    @property
    def text(self) -> str:
        """The words of the answer."""
        parts = (part for item in self.output if item.get("type") == "message" for part in item.get("content", ()))
        return "".join(part.get("text", "") for part in parts)


class OperationError(Answer):
    """Why an operation ended without a result."""

    code: str | None = None
    message: str | None = None
    action: str | None = None


class ImageFile(Answer):
    """A picture: an address, or its bytes in base64. `path` is where the server keeps it, on the server's machine."""

    url: str | None = None
    b64_json: str | None = None
    file_id: str | None = None
    filename: str | None = None
    path: str | None = None
    content_type: str = ""


class FailedPicture(Answer):
    """One of several pictures that was not made; `index` counts them from 0."""

    index: int = 0
    state: str = ""
    error: OperationError = OperationError()


class ImageAnswer(Answer):
    """`POST /v1/images/generations` and `/v1/images/edits`."""

    created: int = 0
    data: tuple[ImageFile, ...] = ()
    chatgpt_account: str | None = None
    chatgpt_operation_id: str | None = None
    warnings: tuple[str, ...] = ()
    chatgpt_failed: tuple[FailedPicture, ...] = ()


class VisionAnswer(Answer):
    """`POST /v1/chatgpt/vision`."""

    text: str = ""
    mode: str = ""
    model: str = ""
    input_image_count: int = 0
    chatgpt_account: str | None = None
    chatgpt_operation_id: str | None = None


class KeptFile(Answer):
    """A file that an operation made."""

    file_id: str
    filename: str = ""
    download_url: str | None = None


class GroupMember(Answer):
    """Another operation of the same request."""

    id: str
    state: str = ""


class Progress(Answer):
    """What an operation is doing; `total` is `None` when it is not countable."""

    phase: str = ""
    done: int = 0
    total: int | None = None
    message: str = ""


class PlanStep(Answer):
    """A step of a research's plan."""

    text: str = ""
    status: str = ""


class Plan(Answer):
    """A research's plan; `decision` is `None` while it waits."""

    title: str = ""
    steps: tuple[PlanStep, ...] = ()
    version: int | None = None
    until: float | None = None
    decision: str | None = None


class Skipped(Answer):
    """Why an account was passed over; `until` in Unix seconds, `text` the reason in words.

    `account` is `None` where there is no account at all.
    """

    account: str | None = None
    reason: str = ""
    until: float | None = None
    text: str = ""


class OperationEvent(Answer):
    """One event of an operation's log; `at` in Unix seconds."""

    number: int
    type: str
    at: float | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Operation(Answer):
    """What `GET /v1/chatgpt/operations/{id}` holds; times are Unix seconds."""

    id: str
    kind: str
    state: str = ""
    account: str | None = None
    model: str | None = None
    conversation_id: str | None = None
    cancel_requested: bool = False
    completed: bool = False
    stale: bool | None = None
    created_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    last_cancel_result: dict[str, Any] | None = None
    last_cancel_error: str | None = None
    progress: Progress | None = None
    skipped: tuple[Skipped, ...] = ()
    plan: Plan | None = None
    artifacts: tuple[KeptFile, ...] = ()
    text: str | None = None
    rerun_of: str | None = None
    reruns: tuple[str, ...] = ()
    lead: str | None = None
    members: tuple[GroupMember, ...] = ()
    last_event: int = 0
    error: OperationError | None = None


class OperationPage(Answer):
    """`GET /v1/chatgpt/operations`, newest first; `next_cursor` asks for those that follow."""

    data: tuple[Operation, ...] = ()
    next_cursor: str | None = None
