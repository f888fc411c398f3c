"""Deep Research beside the conversation: asked for and told by its connector (docs/protocol.md sections 2.14 and 6)."""

from __future__ import annotations

from typing import Any

from core.errors import (
    AccountError,
    BridgeError,
    BrowserCheckRequiredError,
    ForbiddenError,
    ProtocolError,
    RateLimitedError,
    UpstreamError,
)
from core.redaction import redact_text
from provider.chatgpt_web import lookup
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.conversation import Conversation
from provider.chatgpt_web.states import read_state
from provider.chatgpt_web.stream.visible import as_object
from provider.chatgpt_web.widgets import APP_URI, last_research, last_state, stored_state
from provider.interface.research import ResearchHandle, ResearchState

_MOST_REMEMBERED = 256
_MOST_WORDS = 500
_WRONG_ID_STATUSES = (400, 404, 409, 410, 422)


class Research:
    """What a session can ask of its researches. No call costs quota, and every one may be repeated.

    The connector takes one of two session ids, and which one differs: the research's own is tried first, and the one
    that worked is remembered.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._worked: dict[tuple[str, str], str] = {}

    async def find(self, conversation_id: str, message_id: str) -> ResearchHandle | None:
        """The research that a user message started, from the stored conversation."""
        conversation = await lookup.read_conversation(self._connection, conversation_id)
        return last_research(conversation.turn(message_id), conversation_id)

    async def state(self, handle: ResearchHandle) -> ResearchState:
        """How far a research is: what its connector says, else what the stored conversation holds.

        Raises:
            BridgeError: neither can be had.
        """
        told: ResearchState | None = None
        try:
            told = _read(await self._call(handle, "get_state", {}))
        except (AccountError, RateLimitedError) as error:
            if not isinstance(error, ForbiddenError):
                raise
        except BridgeError:
            # The conversation holds the state too; what is wrong with upstream as a whole shows there.
            pass
        if told is not None and (told.phase != "completed" or told.report):
            return told
        stored = await self._stored(handle)
        if stored is not None and (told is None or stored.report):
            return stored
        return told or ResearchState("running", "")

    async def approve(self, handle: ResearchHandle) -> dict[str, Any]:
        """Have it start without waiting for its plan.

        Raises:
            UpstreamError: the connector refused.
        """
        return _obeyed(await self._call(handle, "skip_sleep", {}))

    async def edit(self, handle: ResearchHandle, text: str) -> dict[str, Any]:
        """Tell it what to change in its plan.

        Raises:
            UpstreamError: the connector refused.
        """
        return _obeyed(await self._call(handle, "steer", {"message": text}))

    async def stop(self, handle: ResearchHandle) -> dict[str, Any]:
        """Ask it to stop. A refusal is an answer like others: one that has ended may refuse."""
        return _said(await self._call(handle, "stop", {}))

    async def _stored(self, handle: ResearchHandle) -> ResearchState | None:
        conversation = await lookup.read_conversation(self._connection, handle.conversation_id)
        return stored_research(conversation, handle)

    async def _call(self, handle: ResearchHandle, tool: str, given: dict[str, Any]) -> dict[str, Any]:
        """The connector's answer, from the first session id that it knows, else its refusal of the last one.

        Raises:
            BridgeError: it did not answer, or not with success to any id.
        """
        key = handle.conversation_id, handle.message_id
        known = (self._worked.get(key), handle.session_id, handle.widget_session_id)
        sessions = list(dict.fromkeys(session for session in known if session))
        if not sessions:
            raise ProtocolError("Upstream gave no id by which the research can be asked.")
        answer: dict[str, Any] = {}
        for session in sessions:
            is_last = session == sessions[-1]
            try:
                answer = await self._call_as(handle, tool, {"session_id": session, **given})
            except BridgeError as error:
                if is_last or not _may_be_the_id(error):
                    raise
                continue
            if answer.get("isError") is not True:
                self._remember(key, session)
                break
        return answer

    async def _call_as(self, handle: ResearchHandle, tool: str, tool_input: dict[str, Any]) -> dict[str, Any]:
        body = {
            "app_uri": APP_URI,
            "tool_name": tool,
            "conversation_id": handle.conversation_id,
            "message_id": handle.message_id,
            "tool_input": tool_input,
        }
        answer = await self._connection.call("POST", "/backend-api/ecosystem/call_mcp", context="research", body=body)
        if not isinstance(answer, dict):
            raise ProtocolError("Upstream's research connector answered with something else than a result.")
        return answer

    def _remember(self, key: tuple[str, str], session: str) -> None:
        self._worked.pop(key, None)
        self._worked[key] = session
        if len(self._worked) > _MOST_REMEMBERED:
            del self._worked[next(iter(self._worked))]


def stored_research(conversation: Conversation, handle: ResearchHandle) -> ResearchState | None:
    """What a stored conversation holds of a research, `None` when it holds no state of it."""
    message = conversation.message(handle.message_id)
    state = stored_state(message) if message is not None else None
    return read_state(state) if state is not None else None


def _read(answer: dict[str, Any]) -> ResearchState | None:
    state = None if answer.get("isError") is True else last_state(answer)
    return read_state(state) if state is not None else None


def _may_be_the_id(error: BridgeError) -> bool:
    """Whether upstream may have refused the session id rather than the call."""
    if isinstance(error, BrowserCheckRequiredError):
        return False
    return isinstance(error, ForbiddenError) or error.upstream_status in _WRONG_ID_STATUSES


def _obeyed(answer: dict[str, Any]) -> dict[str, Any]:
    said = _said(answer)
    if said["isError"]:
        raise UpstreamError("Upstream's research connector refused.", upstream_text=said["text"] or None)
    return said


def _said(answer: dict[str, Any]) -> dict[str, Any]:
    """What may be kept of an answer: it can hold a whole report, and addresses that are credentials."""
    content = answer.get("content")
    texts = [as_object(item).get("text") for item in content] if isinstance(content, list) else []
    words = "\n".join(text for text in texts if isinstance(text, str))[:_MOST_WORDS]
    status = (last_state(answer) or {}).get("status")
    return {
        "isError": answer.get("isError") is True,
        "text": redact_text(words),
        "status": status if isinstance(status, str) else None,
    }
