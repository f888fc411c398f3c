"""Conversations as message trees, the way the backend keeps and shows them (docs/protocol.md section 2.9)."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provider.simulator.running import Turn

ROOT = "client-created-root"
MOST_KEPT = 500
"""Conversations kept an account; the one not touched for longest goes first."""

Message = dict[str, Any]


@dataclass(slots=True)
class Node:
    """One place in the tree."""

    id: str
    parent: str | None
    message: Message | None
    children: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return {"id": self.id, "parent": self.parent, "children": self.children, "message": self.message}


@dataclass(slots=True)
class Conversation:
    """One conversation.

    Attributes:
        current: the node the active branch ends at.
        async_status: `None` nothing pending, 3 working, 4 finished and unread.
        temporary: never listed and never shown, as with history switched off.
        turn: the turn that is running or ran last.
        visible_at, listed_at: monotonic times before which the conversation cannot be read or is not listed.
    """

    id: str
    temporary: bool
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    title: str = "New chat"
    current: str = ROOT
    async_status: int | None = None
    nodes: dict[str, Node] = field(default_factory=lambda: {ROOT: Node(ROOT, None, None)})
    turn: Turn | None = None
    visible_at: float = 0.0
    listed_at: float = 0.0

    def add(self, message: Message, parent: str | None = None) -> None:
        """Hang a message below `parent` (default: the current node) and make it current."""
        above = self.current if parent is None else parent
        identity = message["id"]
        if identity not in self.nodes:
            self.nodes[identity] = Node(identity, above, message)
            self.nodes[above].children.append(identity)
        else:
            self.nodes[identity].message = message
        self.current = identity
        self.updated = time.time()

    def update(self, message: Message) -> None:
        """Replace a message where it is."""
        self.nodes[message["id"]].message = message
        self.updated = time.time()

    def branch(self, end: str | None = None) -> list[Message]:
        """The messages of the branch that ends at a node (default: the current one), oldest first."""
        messages: list[Message] = []
        at: str | None = self.current if end is None else end
        while at is not None:
            node = self.nodes[at]
            if node.message is not None:
                messages.append(node.message)
            at = node.parent
        return messages[::-1]

    def holds_file(self, file_id: str) -> bool:
        """Whether any message points at the file."""
        return any(file_id in _pointed(node.message) for node in self.nodes.values() if node.message is not None)

    def document(self) -> dict[str, Any]:
        """What `GET /backend-api/conversation/{id}` answers."""
        if self.turn is not None:
            self.turn.write_down()
        return {
            "conversation_id": self.id,
            "title": self.title,
            "create_time": self.created,
            "update_time": self.updated,
            "current_node": self.current,
            "async_status": self.async_status,
            "default_model_slug": "auto",
            "is_archived": False,
            "mapping": {identity: node.document() for identity, node in self.nodes.items()},
        }

    def item(self) -> dict[str, Any]:
        """The conversation as the list shows it."""
        return {
            "id": self.id,
            "title": self.title,
            "create_time": datetime.fromtimestamp(self.created, UTC).isoformat(),
            "update_time": datetime.fromtimestamp(self.updated, UTC).isoformat(),
        }


class Conversations:
    """One account's conversations."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Conversation] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def open(self, identity: str, *, temporary: bool) -> Conversation:
        """A new, empty conversation."""
        conversation = Conversation(identity, temporary)
        self._kept[identity] = conversation
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return conversation

    def get(self, identity: str) -> Conversation | None:
        """The conversation of that id, whether it can be read already or not."""
        return self._kept.get(identity)

    def readable(self, identity: str) -> Conversation | None:
        """The conversation of that id, if the account could see it now."""
        found = self._kept.get(identity)
        return None if found is None or found.temporary or found.visible_at > time.monotonic() else found

    def touch(self, conversation: Conversation) -> None:
        """Note that something was added."""
        conversation.updated = time.time()
        if conversation.id in self._kept:
            self._kept.move_to_end(conversation.id)

    def listed(self) -> list[Conversation]:
        """Those the list shows now, most recently updated first."""
        now = time.monotonic()
        shown = [entry for entry in self._kept.values() if not entry.temporary and entry.listed_at <= now]
        return sorted(shown, key=lambda entry: entry.updated, reverse=True)

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()


def text_of(message: Message) -> str:
    """A message's words, one line a part."""
    return "\n".join(part for part in message["content"].get("parts", ()) if isinstance(part, str))


def _pointed(message: Message) -> str:
    parts = message.get("content", {}).get("parts", ())
    return " ".join(str(part.get("asset_pointer")) for part in parts if isinstance(part, dict))
