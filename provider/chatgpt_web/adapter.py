"""The provider's ports, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import datetime
from typing import Any, Literal
from weakref import WeakSet

from core.clock import utc_now
from core.errors import AuthExpiredError, BridgeError, CaptureRejectedError
from provider.chatgpt_web import files, images, lookup
from provider.chatgpt_web.capture.checks import inspect, inspect_capture
from provider.chatgpt_web.capture.model import Capture
from provider.chatgpt_web.capture.parse import parse_capture
from provider.chatgpt_web.capture.timezone import offset_minutes, zone_name
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.conversation import Conversation
from provider.chatgpt_web.following import Following
from provider.chatgpt_web.limits import read_limits
from provider.chatgpt_web.models import read_models
from provider.chatgpt_web.quota import SessionQuota
from provider.chatgpt_web.requirements import Requirements
from provider.chatgpt_web.research import Research
from provider.chatgpt_web.turns import STOP_SECONDS, WebTurn
from provider.interface.accounts import Inspection, Limits, OfferedModel
from provider.interface.quota import QuotaWatcher
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

Prepare = Literal["beside", "wait"]

_LOOKS = 100
"""How often a closing session looks whether a chat's conversation is known, before it gives that chat up."""


class ChatGPTWeb:
    """ChatGPT Web, reached with captures.

    Args:
        base_url: origin of everything that is sent.
        timeout_seconds: longest a turn may take.
        connect_seconds: longest a connection may take to open.
        idle_seconds: longest silence within a turn; keep-alives count as silence.
        prepare: whether prepare goes beside the turn or is waited for.
        backoff_scale: multiplies the pauses between repeated reads; tests shorten it.
        poll_seconds: how long a research's push may be silent before its state is asked for.
        quota: told what is learnt of quota on the way, `None` for nobody.
    """

    name = "chatgpt_web"

    def __init__(
        self,
        base_url: str = "https://chatgpt.com",
        *,
        timeout_seconds: float = 5400,
        connect_seconds: float = 10,
        idle_seconds: float = 180,
        prepare: Prepare = "beside",
        backoff_scale: float = 1.0,
        poll_seconds: float = 15.0,
        quota: QuotaWatcher | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self.connect_seconds = connect_seconds
        self.idle_seconds = idle_seconds
        self.prepare = prepare
        self.backoff_scale = backoff_scale
        self.poll_seconds = poll_seconds
        self.quota = quota

    def inspect(self, capture_text: str, *, now: datetime, settings: str | None = None) -> Inspection:
        """Examine a capture without sending anything.

        Args:
            settings: what `GET /backend-api/settings/user` answered the browser, where somebody has kept it.

        Raises:
            CaptureRejectedError: the text is no capture at all.
        """
        return inspect_capture(capture_text, now=now, base_origin=self.base_url, settings=settings)

    def open(self, alias: str, capture_text: str) -> WebSession:
        """A session for a capture; opens no connection yet.

        Raises:
            CaptureRejectedError: a required check fails.
            AuthExpiredError: only the token's time is over.
        """
        capture = parse_capture(capture_text)
        inspection = inspect(capture, now=utc_now(), base_origin=self.base_url)
        if inspection.missing == ("token_expiry",):
            raise AuthExpiredError("The capture's token has expired.")
        if not inspection.ok:
            problem = next(check for check in inspection.checks if check.level == "required" and not check.ok)
            raise CaptureRejectedError(problem.detail, reason=problem.name)
        return WebSession(alias, capture, self)


class WebSession:
    """One account's kept-open session."""

    def __init__(self, alias: str, capture: Capture, provider: ChatGPTWeb) -> None:
        self.alias = alias
        self.connection = Connection(capture, provider.base_url, connect_seconds=provider.connect_seconds)
        self.requirements = Requirements(self.connection)
        self.quota = SessionQuota(alias, provider.quota)
        self.captured_body = capture.body
        self.idle_seconds = provider.idle_seconds
        self.wall_seconds = provider.timeout_seconds
        self.waits_for_prepare = provider.prepare == "wait"
        self.backoff_scale = provider.backoff_scale
        self._poll_seconds = provider.poll_seconds
        self._answers = lookup.Answers(self.connection, scale=provider.backoff_scale)
        self._research = Research(self.connection)
        self._followed: WeakSet[Following] = WeakSet()
        self._tasks: set[asyncio.Task[None]] = set()
        self._chats: set[WebTurn] = set()

    @asynccontextmanager
    async def turn(
        self, request: TurnRequest, *, on_close: OnClose, before_send: BeforeSend | None = None
    ) -> AsyncIterator[Turn]:
        """Open a turn; what `provider.interface.session.Session.turn` promises."""
        turn = WebTurn(self, request, on_close)
        if on_close == "stop":
            self._chats.add(turn)
        try:
            await turn.open(before_send)
            try:
                yield turn
            finally:
                await turn.close()
        finally:
            self._chats.discard(turn)

    async def stop(self, conversation_id: str) -> dict[str, Any]:
        """Ask upstream to stop the conversation's turn; returns what it said."""
        body = {"conversation_id": conversation_id, "exclude_async_types": []}
        answer = await self.connection.call("POST", "/backend-api/stop_conversation", context="stop", body=body)
        return answer if isinstance(answer, dict) else {}

    async def conversation(self, conversation_id: str) -> Conversation:
        """The stored conversation."""
        return await lookup.read_conversation(self.connection, conversation_id)

    async def find_message(self, message_id: str, *, sent_at: datetime) -> FoundTurn | None:
        """Whether a submission arrived."""
        return await lookup.find_message(self.connection, message_id, sent_at=sent_at)

    async def image_state(
        self, conversation_id: str, *, message_id: str, uploaded: frozenset[str] = frozenset()
    ) -> ImageState:
        """What the conversation holds after the user message."""
        return (await self.conversation(conversation_id)).image_state(message_id, uploaded=uploaded)

    async def answer_state(self, conversation_id: str, *, message_id: str) -> AnswerState:
        """What the conversation holds of the answer to the user message."""
        return await self._answers.state(conversation_id, message_id)

    async def find_research(self, conversation_id: str, *, message_id: str) -> ResearchHandle | None:
        """The research that the user message started."""
        return await self._research.find(conversation_id, message_id)

    async def watch_research(self, handle: ResearchHandle, *, offset: str) -> AsyncIterator[ResearchUpdate]:
        """What upstream says of a research, as it says it."""
        following = Following(
            self.connection,
            self._research,
            handle,
            offset=offset,
            poll_seconds=self._poll_seconds,
            backoff_scale=self.backoff_scale,
        )
        self._followed.add(following)
        async with aclosing(following.updates()) as updates:
            async for update in updates:
                yield update

    async def research_state(self, handle: ResearchHandle) -> ResearchState:
        """What upstream says of a research now."""
        return await self._research.state(handle)

    async def approve_plan(self, handle: ResearchHandle) -> dict[str, Any]:
        """Have the research start now instead of waiting for its plan."""
        return await self._research.approve(handle)

    async def edit_plan(self, handle: ResearchHandle, text: str) -> dict[str, Any]:
        """Tell the research what to change in its plan."""
        return await self._research.edit(handle, text)

    async def stop_research(self, handle: ResearchHandle) -> dict[str, Any]:
        """Ask upstream to stop the research."""
        return await self._research.stop(handle)

    async def download_image(self, asset: ImageAsset, *, conversation_id: str) -> DownloadedImage:
        """The bytes of a finished picture."""
        return await images.download(
            self.connection, asset, conversation_id=conversation_id, pause_scale=self.backoff_scale
        )

    async def upload(self, content: bytes, *, name: str, mime_type: str) -> UploadedFile:
        """Store an input upstream."""
        with self.quota.uploading():
            return await files.upload(self.connection, content, name=name, mime_type=mime_type)

    async def limits(
        self, *, model: str | None = None, conversation_id: str | None = None, origin: str | None = None
    ) -> Limits:
        """The account's limits, from a read that costs nothing."""
        body = {
            "requested_default_model": model,
            "conversation_id": conversation_id,
            "timezone_offset_min": offset_minutes(zone_name(), utc_now()),
            "conversation_origin": origin,
        }
        path = "/backend-api/conversation/init"
        limits = read_limits(await self.connection.call("POST", path, context="limits", body=body))
        self.quota.probed(limits)
        return limits

    async def models(self) -> tuple[OfferedModel, ...]:
        """The account's live model list."""
        path = "/backend-api/models?history_and_training_disabled=false"
        headers = {"accept": "application/json"}
        return read_models(await self.connection.call("GET", path, context="models", headers=headers))

    async def verify(self) -> None:
        """Prove with a cheap read that the capture still authenticates."""
        await self.connection.socket_url()

    def pause(self) -> None:
        """Fetch nothing ahead of turns any more."""
        self.requirements.pause()

    def retire(self) -> None:
        """Send nothing ahead of turns, and tell nobody of quota any more."""
        self.pause()
        self.quota.mute()

    def halt(self, refusal: BridgeError) -> None:
        """Ask upstream nothing more."""
        self.pause()
        self.connection.halt(refusal)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do work that outlives its turn; `aclose` waits for it."""
        task = asyncio.get_running_loop().create_task(work, name=f"session-{self.alias}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def aclose(self) -> None:
        """Stop the chats that are still open, wait for stops at most two seconds, and close every connection."""
        await self.requirements.aclose()
        for chat in self._chats:
            self.spawn(self._stop_chat(chat))
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=STOP_SECONDS)
        for task in set(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.connection.aclose()
        for following in list(self._followed):
            following.abort()

    async def _stop_chat(self, chat: WebTurn) -> None:
        """Stop a chat that somebody else is reading, as soon as its conversation is known."""
        for _ in range(_LOOKS):
            if chat.conversation_id is not None or chat not in self._chats:
                break
            await asyncio.sleep(STOP_SECONDS / _LOOKS)
        if chat.conversation_id is not None and chat in self._chats:
            with suppress(BridgeError):
                await self.stop(chat.conversation_id)
