"""The two ports a provider implements."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

from core.errors import BridgeError
from provider.interface.accounts import Inspection, Limits, OfferedModel
from provider.interface.research import ResearchHandle, ResearchState, ResearchUpdate
from provider.interface.turns import (
    AnswerState,
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


class Session(Protocol):
    """One account's kept-open way to upstream. Every method raises the typed errors of `core.errors` and no others."""

    @property
    def alias(self) -> str:
        """The account's local name."""

    def turn(
        self, request: TurnRequest, *, on_close: OnClose, before_send: BeforeSend | None = None
    ) -> AbstractAsyncContextManager[Turn]:
        """Open a turn; entering returns once upstream has accepted it, and raises if it refuses.

        Leaving before `TurnFinished` was read does what `on_close` says: `stop` tells upstream to stop within 2 s,
        also when the conversation was not known yet, also when entering was cancelled after the POST had left.
        """

    async def stop(self, conversation_id: str) -> dict[str, Any]:
        """Ask upstream to stop the conversation's turn; returns what upstream said. Safe to repeat."""

    async def find_message(self, message_id: str, *, sent_at: datetime) -> FoundTurn | None:
        """Whether a submission arrived: looks for the client-made id in conversations updated since `sent_at`.

        `None` means proven absent *now*; whether the grace has passed is the caller's business.

        Raises:
            OutcomeUnknownError: a listed conversation could not be read, so nothing is proven.
            BridgeError: upstream could not be asked at all; likewise.
        """

    async def image_state(
        self, conversation_id: str, *, message_id: str, uploaded: frozenset[str] = frozenset()
    ) -> ImageState:
        """What the conversation holds after the user message `message_id`; `uploaded` are bare ids never to return."""

    async def answer_state(self, conversation_id: str, *, message_id: str) -> AnswerState:
        """What the conversation holds of the answer to the user message `message_id`. Costs no quota."""

    async def find_research(self, conversation_id: str, *, message_id: str) -> ResearchHandle | None:
        """The research that the user message `message_id` started; `None` when the conversation shows none (yet)."""

    def watch_research(self, handle: ResearchHandle, *, offset: str) -> AsyncIterator[ResearchUpdate]:
        """What upstream says of a research, as it says it, from `offset` on (`0` is its beginning).

        Pushed by upstream, and asked for every 15 s or so where the push is silent or cannot be had. Ends never by
        itself: the caller leaves at the state it wants. The same state may come twice.

        Raises:
            BridgeError: upstream can be followed in neither way.
        """

    async def research_state(self, handle: ResearchHandle) -> ResearchState:
        """What upstream says of a research now, by the state call, else by the conversation. Costs no quota."""

    async def approve_plan(self, handle: ResearchHandle) -> dict[str, Any]:
        """Have the research start now instead of waiting for its plan; returns what upstream said. Safe to repeat."""

    async def edit_plan(self, handle: ResearchHandle, text: str) -> dict[str, Any]:
        """Tell the research what to change in its plan; returns what upstream said. A new version of it follows."""

    async def stop_research(self, handle: ResearchHandle) -> dict[str, Any]:
        """Ask upstream to stop the research; returns what upstream said. Safe to repeat."""

    async def download_image(self, asset: ImageAsset, *, conversation_id: str) -> DownloadedImage:
        """The bytes of a finished picture, from the right host with the right headers; at most 64 MiB."""

    async def upload(self, content: bytes, *, name: str, mime_type: str) -> UploadedFile:
        """Store an input upstream; a slot that expired is replaced once."""

    async def limits(
        self, *, model: str | None = None, conversation_id: str | None = None, origin: str | None = None
    ) -> Limits:
        """The account's limits, from a read that costs no quota.

        Args:
            model, conversation_id, origin: what a page would say that opens a chat; `None` for a new one.
        """

    async def models(self) -> tuple[OfferedModel, ...]:
        """The account's live model list, in upstream's order."""

    async def verify(self) -> None:
        """Prove with cheap reads that the capture still authenticates; raises what is wrong."""

    def pause(self) -> None:
        """Send nothing ahead of turns any more, until upstream has accepted another one."""

    def retire(self) -> None:
        """Another session has taken its place: send nothing ahead of turns, and tell nobody of quota any more."""

    def halt(self, refusal: BridgeError) -> None:
        """Ask upstream nothing more: every call raises the refusal from now on. What streams already is read on."""

    async def aclose(self) -> None:
        """Stop what is to be stopped, wait for it (at most 2 s), close every connection."""


class Provider(Protocol):
    """A vendor: reads captures, opens sessions."""

    @property
    def name(self) -> str:
        """`chatgpt_web`, ..."""

    def inspect(self, capture_text: str, *, now: datetime, settings: str | None = None) -> Inspection:
        """Examine a capture without sending anything.

        Args:
            settings: the account's settings as the browser has them, in JSON; `None` for none.

        Raises:
            CaptureRejectedError: the text is not a capture at all.
        """

    def open(self, alias: str, capture_text: str) -> Session:
        """A session for a capture whose required checks pass. Opens no connection yet.

        Raises:
            CaptureRejectedError: the text is not a usable capture.
        """
