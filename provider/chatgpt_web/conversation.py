"""Stored conversations, docs/protocol.md sections 2.9 and 2.9a: what a document and a list say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import ProtocolError
from provider.chatgpt_web.assets import final_assets, input_ids, preview_assets
from provider.chatgpt_web.stream.visible import (
    FinishReason,
    Message,
    answer_text,
    as_object,
    finish_reason,
    is_visible,
    metadata,
    role,
)
from provider.interface.turns import AnswerState, ImageState

_STREAMING = (3, "3", "IS_STREAMING")
_TIMES = ("create_time", "update_time")
_COMPLETE = (4, "4", "COMPLETE")


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer of one turn as the document has it.

    Attributes:
        text: the visible messages, joined with blank lines.
        message_id: id of the last visible message, `None` when there is none.
        finished: the last visible message ended its turn.
        finish_reason: why the model ended.
    """

    text: str
    message_id: str | None
    finished: bool
    finish_reason: FinishReason


@dataclass(frozen=True, slots=True)
class ImageTask:
    """The placeholder of a picture that is made asynchronously, with the status of its message."""

    task_id: str
    status: str | None


@dataclass(frozen=True, slots=True)
class ListedConversation:
    """An entry of the conversation list. `updated_at` is aware UTC, `None` when upstream did not say."""

    conversation_id: str
    updated_at: datetime | None


class Conversation:
    """A conversation document: a tree of messages, and the node that is current. It lags behind the stream by seconds.

    Attributes:
        conversation_id: as the document names it.
        async_status: number or string; `None` when nothing is pending.
        branch: the messages of the active branch, oldest first; nodes without a message are left out.
    """

    def __init__(self, document: object) -> None:
        """Read a document.

        Raises:
            ProtocolError: it has no tree; newer pages can page long histories in a form that is not supported.
        """
        fields = as_object(document)
        mapping = fields.get("mapping")
        if not isinstance(mapping, dict):
            raise ProtocolError("Upstream sent a conversation in an unsupported shape.")
        self._nodes: dict[str, dict[str, Any]] = {
            key: node for key, node in mapping.items() if isinstance(key, str) and isinstance(node, dict)
        }
        self.conversation_id = _text(fields.get("conversation_id"))
        self.async_status = fields.get("async_status", fields.get("conversation_async_status"))
        self.branch: tuple[Message, ...] = tuple(self._up_from(_text(fields.get("current_node"))))

    def contains(self, message_id: str) -> bool:
        """Whether a message of that id is anywhere in the tree: proof that a submission arrived."""
        node = self._nodes.get(message_id)
        if node is not None and isinstance(node.get("message"), dict):
            return True
        return any(as_object(node.get("message")).get("id") == message_id for node in self._nodes.values())

    def message(self, message_id: str) -> Message | None:
        """The message of that id, wherever in the tree it is."""
        return next((message for message in self._messages() if message.get("id") == message_id), None)

    def turn(self, message_id: str) -> list[Message]:
        """The messages that answer the user message `message_id`, oldest first, without it; empty when there are none.

        Follows the active branch; where the person has gone on along another branch, the newest variant. The next user
        message ends the turn.
        """
        if not self.contains(message_id):
            return []
        ids = [message.get("id") for message in self.branch]
        if message_id in ids:
            messages = list(self.branch[ids.index(message_id) + 1 :])
        else:
            messages = self._down_from(message_id)
        end = next((place for place, message in enumerate(messages) if role(message) == "user"), len(messages))
        return messages[:end]

    def answer(self, message_id: str | None = None) -> StoredAnswer:
        """The answer to the user message, or that of the active branch's last turn."""
        messages = self._last_turn() if message_id is None else self.turn(message_id)
        visible = [message for message in messages if is_visible(message)]
        last = visible[-1] if visible else None
        return StoredAnswer(
            text=answer_text(visible),
            message_id=_text(last.get("id")) if last else None,
            finished=last is not None and last.get("end_turn") is True,
            finish_reason=finish_reason(last),
        )

    def answer_state(self, message_id: str) -> AnswerState:
        """What the turn of the user message holds of its answer now; `pending` for ever if upstream gave it up."""
        messages = self.turn(message_id)
        answer = self.answer(message_id)
        if answer.finished:
            return AnswerState("ready" if answer.text.strip() else "failed", answer.text, answer.message_id)
        if not self._is_at_work(messages) and any(_ends_turn(message) for message in messages):
            return AnswerState("failed", answer.text or _last_words(messages), answer.message_id)
        return AnswerState("pending", answer.text, answer.message_id)

    def given_up_state(self, message_id: str) -> AnswerState:
        """As `answer_state`, where upstream is known to work on it no more: what is there is all there will be."""
        state = self.answer_state(message_id)
        if state.status != "pending":
            return state
        visible = [message for message in self.turn(message_id) if is_visible(message)]
        is_whole = bool(state.text.strip()) and visible[-1].get("status") == "finished_successfully"
        return AnswerState("ready" if is_whole else "failed", state.text, state.message_id)

    def rests_since(self, message_id: str) -> datetime | None:
        """When the turn was last written to, as far as the document says; `None` while upstream says that it works."""
        asked = self.message(message_id)
        if asked is None or self.async_status in _STREAMING:
            return None
        times = [_instant(message.get(key)) for message in (asked, *self.turn(message_id)) for key in _TIMES]
        return max((time for time in times if time is not None), default=None)

    def _is_at_work(self, messages: list[Message]) -> bool:
        return self.async_status in _STREAMING or any(message.get("status") == "in_progress" for message in messages)

    def image_task(self, message_id: str | None = None) -> ImageTask | None:
        """The last placeholder of the turn (as for `answer`), `None` when there is none."""
        messages = self._last_turn() if message_id is None else self.turn(message_id)
        return _task(messages)

    def image_state(self, message_id: str, *, uploaded: frozenset[str] = frozenset()) -> ImageState:
        """What the turn of the user message holds of a picture now.

        `pending` without a task id means that the document shows no sign of a picture yet; whoever polls decides how
        long that may last.
        """
        messages = self.turn(message_id)
        inputs = uploaded | input_ids(self._messages())
        assets = final_assets(messages, inputs=inputs)
        task = _task(messages)
        task_id = task.task_id if task else None
        if assets and not any(message.get("status") == "in_progress" for message in messages):
            return ImageState("ready", assets=assets, task_id=task_id)
        if self._is_over(messages, task):
            return ImageState("refused", text=_last_words(messages), task_id=task_id)
        return ImageState("pending", task_id=task_id, previews=preview_assets(messages, inputs=inputs))

    def _is_over(self, messages: list[Message], task: ImageTask | None) -> bool:
        """Whether the turn has ended without a picture."""
        if self._is_at_work(messages):
            return False
        if task is None:
            return any(_ends_turn(message) for message in messages)
        if self.async_status in _COMPLETE or task.status == "finished_with_error":
            return True
        return any(_ends_turn(message) for message in _after_task(messages))

    def _last_turn(self) -> list[Message]:
        users = [place for place, message in enumerate(self.branch) if role(message) == "user"]
        return list(self.branch[users[-1] + 1 :]) if users else list(self.branch)

    def _messages(self) -> list[Message]:
        messages = (node.get("message") for node in self._nodes.values())
        return [message for message in messages if isinstance(message, dict)]

    def _up_from(self, node_id: str | None) -> list[Message]:
        path: list[Message] = []
        seen: set[str] = set()
        while node_id is not None and node_id in self._nodes and node_id not in seen:
            seen.add(node_id)
            node = self._nodes[node_id]
            if isinstance(message := node.get("message"), dict):
                path.append(message)
            node_id = _text(node.get("parent"))
        path.reverse()
        return path

    def _down_from(self, message_id: str) -> list[Message]:
        path: list[Message] = []
        seen: set[str] = set()
        node_id: str | None = self._node_of(message_id)
        while node_id is not None and node_id in self._nodes and node_id not in seen:
            seen.add(node_id)
            node = self._nodes[node_id]
            if isinstance(message := node.get("message"), dict) and message.get("id") != message_id:
                path.append(message)
            children = node.get("children")
            node_id = _text(children[-1]) if isinstance(children, list) and children else None
        return path

    def _node_of(self, message_id: str) -> str | None:
        if message_id in self._nodes:
            return message_id
        same = (key for key, node in self._nodes.items() if as_object(node.get("message")).get("id") == message_id)
        return next(same, None)


def listed_conversations(document: object) -> tuple[ListedConversation, ...]:
    """The entries of a conversation list, newest first as upstream sends them.

    Raises:
        ProtocolError: it is not a list, so nothing can be concluded from what is missing in it.
    """
    items = as_object(document).get("items")
    if not isinstance(items, list):
        raise ProtocolError("Upstream sent a conversation list in an unsupported shape.")
    entries = (as_object(item) for item in items)
    return tuple(
        ListedConversation(conversation_id, _instant(entry.get("update_time")))
        for entry in entries
        if (conversation_id := _text(entry.get("id")) or _text(entry.get("conversation_id")))
    )


def _task(messages: list[Message]) -> ImageTask | None:
    for message in reversed(messages):
        task_id = _text(metadata(message).get("image_gen_task_id"))
        if task_id and role(message) != "user":
            return ImageTask(task_id, _text(message.get("status")))
    return None


def _after_task(messages: list[Message]) -> list[Message]:
    places = [place for place, message in enumerate(messages) if metadata(message).get("image_gen_task_id")]
    return messages[places[-1] + 1 :] if places else messages


def _ends_turn(message: Message) -> bool:
    return message.get("end_turn") is True and (is_visible(message) or _is_system_error(message))


def _is_system_error(message: Message) -> bool:
    return as_object(message.get("content")).get("content_type") == "system_error"


def _last_words(messages: list[Message]) -> str:
    text = answer_text(messages)
    if text:
        return text
    errors = [_text(as_object(message.get("content")).get("text")) for message in messages if _is_system_error(message)]
    return next((words for words in reversed(errors) if words), "")


def _instant(value: object) -> datetime | None:
    """A time as upstream writes it: Unix seconds or ISO 8601, taken as UTC where it names no offset."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            instant = datetime.fromisoformat(value)
            return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
