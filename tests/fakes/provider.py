"""A provider without an upstream: captures are small JSON texts, sessions record what becomes of them."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from core.errors import BridgeError, CaptureRejectedError
from provider.interface.accounts import Capabilities, Check, Inspection, Limits, OfferedModel, PickerSettings
from provider.interface.turns import (
    BeforeSend,
    DownloadedImage,
    FoundTurn,
    ImageAsset,
    ImageState,
    OnClose,
    Turn,
    TurnRequest,
    UploadedFile,
)

_MODELS = {"plus": ("auto", "gpt-5-5"), "pro": ("auto", "gpt-5-5", "gpt-5-5-pro")}


def capture(plan: str | None = "plus", **more: Any) -> str:
    """A capture that `FakeProvider` reads; `missing` names failed required checks, `expires` is an ISO time.

    `account_id` and `user_id` are the login's.
    """
    return json.dumps({"plan": plan, **more})


class FakeSession:
    """Knows whether it was paused, halted or closed. It answers `verify` only."""

    def __init__(self, alias: str, text: str, refusal: BridgeError | None) -> None:
        self.alias = alias
        self.text = text
        self.closed = False
        self.paused = False
        self.halted: BridgeError | None = None
        self._refusal = refusal

    async def verify(self) -> None:
        if self._refusal is not None:
            raise self._refusal

    def pause(self) -> None:
        self.paused = True

    def retire(self) -> None:
        self.paused = True

    def halt(self, refusal: BridgeError) -> None:
        self.halted = refusal

    async def aclose(self) -> None:
        self.closed = True

    def turn(
        self, request: TurnRequest, *, on_close: OnClose, before_send: BeforeSend | None = None
    ) -> AbstractAsyncContextManager[Turn]:
        raise NotImplementedError

    async def stop(self, conversation_id: str) -> dict[str, Any]:
        raise NotImplementedError

    async def find_message(self, message_id: str, *, sent_at: datetime) -> FoundTurn | None:
        raise NotImplementedError

    async def image_state(
        self, conversation_id: str, *, message_id: str, uploaded: frozenset[str] = frozenset()
    ) -> ImageState:
        raise NotImplementedError

    async def download_image(self, asset: ImageAsset, *, conversation_id: str) -> DownloadedImage:
        raise NotImplementedError

    async def upload(self, content: bytes, *, name: str, mime_type: str) -> UploadedFile:
        raise NotImplementedError

    async def limits(self) -> Limits:
        raise NotImplementedError

    async def models(self) -> tuple[OfferedModel, ...]:
        raise NotImplementedError


class FakeProvider:
    """Counts inspections and keeps every session it opened, oldest first."""

    name = "fake"

    def __init__(self) -> None:
        self.inspected = 0
        self.sessions: list[FakeSession] = []
        self.refusal: BridgeError | None = None

    def inspect(self, capture_text: str, *, now: datetime, settings: str | None = None) -> Inspection:
        self.inspected += 1
        try:
            told = json.loads(capture_text)
            missing, plan, expires = told.get("missing", []), told["plan"], told.get("expires")
        except (ValueError, AttributeError, KeyError):
            raise CaptureRejectedError("not a capture", reason="unrecognized_format") from None
        return Inspection(
            ok=not missing,
            format="fake",
            checks=tuple(Check(name, "required", False, f"{name} failed") for name in missing),
            capabilities=Capabilities(plan=plan, models=_MODELS.get(plan or "", ("auto",)), efforts={}),
            email="a***z@example.com",
            account_id=told.get("account_id"),
            user_id=told.get("user_id"),
            token_expires_at=datetime.fromisoformat(expires) if expires else None,
            observed_models=(),
            settings=PickerSettings(default_model=settings) if settings else None,
        )

    def open(self, alias: str, capture_text: str) -> FakeSession:
        session = FakeSession(alias, capture_text, self.refusal)
        self.sessions.append(session)
        return session
