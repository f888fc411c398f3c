"""The delta encoding `v1`, docs/protocol.md section 3.4: a JSON document per channel and a cursor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from provider.chatgpt_web.stream.documents import Container, Json, change, get, resolve, segments

_FIRST_PART = "/message/content/parts/0"
_PARTS = "/message/content/parts/"
_THOUGHTS = "/message/content/thoughts/"
_ABOVE_TEXT = frozenset({"/message", "/message/content", "/message/content/parts"})


class Change(NamedTuple):
    """What one delta did to its channel's document.

    Attributes:
        channel: the document's channel.
        replaced: the document is another one than before; another message may live there now.
        appended: what was added at the very end of the message's text parts.
        rewritten: the text parts changed in any other way.
        otherwise: something outside the text changed: status, metadata, recipient, ...
    """

    channel: int
    replaced: bool = False
    appended: str = ""
    rewritten: bool = False
    otherwise: bool = False


class DeltaDocuments:
    """Documents and cursor of one stream.

    Appending to a string again and again is what nearly every delta does, so those pieces are gathered and joined only
    when somebody looks (`documents`, `document`) or another operation comes.

    Attributes:
        unknown_ops: deltas and patch entries that were ignored: an unknown operation, or one that does not fit.
        at_text_end: the cursor stands at the end of the message's text, so what `extend` takes is new text.
        in_thoughts: the cursor stands at the end of a thought, so what `extend` takes is more of it.
        channel: channel of the cursor.
    """

    __slots__ = (
        "_appended",
        "_documents",
        "_gathered",
        "_gathering",
        "_op",
        "_otherwise",
        "_path",
        "_replaced",
        "_rewritten",
        "at_text_end",
        "channel",
        "in_thoughts",
        "unknown_ops",
    )

    def __init__(self) -> None:
        self._documents: dict[int, Json] = {}
        self._path = ""
        self._op = "add"
        self._gathering: tuple[Container, str] | None = None
        self._gathered: list[str] = []
        self._replaced = self._rewritten = self._otherwise = False
        self._appended: list[str] = []
        self.channel = 0
        self.unknown_ops = 0
        self.at_text_end = self.in_thoughts = False

    @property
    def documents(self) -> dict[int, Json]:
        """The documents by channel. They are live: the next delta changes them."""
        self.settle()
        return self._documents

    def document(self, channel: int) -> Json:
        """The channel's live document, `None` when it has none."""
        self.settle()
        return self._documents.get(channel)

    def extend(self, text: str) -> bool:
        """Take the value of a delta that has nothing but a string, if the cursor appends to one.

        Returns `False`, with nothing changed, where the delta needs `apply`.
        """
        if self._gathering is None:
            return False
        self._gathered.append(text)
        return True

    def settle(self) -> None:
        """Join the gathered pieces into the document, which then is what upstream's is."""
        if self._gathered and self._gathering is not None:
            container, key = self._gathering
            change(container, key, "append", "".join(self._gathered))
            self._gathered.clear()

    def apply(self, frame: Mapping[str, Json]) -> Change:
        """Apply one delta. `v` is never copied, so the caller must not use it again."""
        self.settle()
        self._gathering = None
        self.at_text_end = self.in_thoughts = False
        self._replaced = self._rewritten = self._otherwise = False
        self._appended.clear()
        channel = frame.get("c")
        if type(channel) is int:
            self.channel = channel
        path, op, value = self._effective(frame)
        if op == "patch":
            self._patch(path, value)
        else:
            self._one(path, op, value)
        if path == self._path and op == self._op == "append" and isinstance(value, str):
            self._gather()
        return Change(self.channel, self._replaced, "".join(self._appended), self._rewritten, self._otherwise)

    def _effective(self, frame: Mapping[str, Json]) -> tuple[str, str, Json]:
        """Path and operation after inheritance, with the lenient readings of deltas that name neither."""
        path, op, value = frame.get("p"), frame.get("o"), frame.get("v")
        if path is None and op is None:
            if isinstance(value, dict) and isinstance(value.get("message"), dict):
                path, op = "", "add"
            elif _is_patch(value):
                path, op = "", "patch"
            elif isinstance(value, str) and not self._path:
                # The cursor stays at the root: a server should not send this, and the next delta must not depend on it.
                return _FIRST_PART, "append", value
        self._path = path if isinstance(path, str) else self._path
        self._op = op if isinstance(op, str) else self._op
        return self._path, self._op, value

    def _patch(self, base: str, entries: Json) -> None:
        if not isinstance(entries, list):
            self.unknown_ops += 1
            return
        for entry in entries:
            if not isinstance(entry, dict):
                self.unknown_ops += 1
                continue
            inner = entry.get("p")
            path = base + inner if isinstance(inner, str) else base
            op = entry.get("o")
            if not isinstance(op, str):
                op = "append" if _is_part(path) else "replace"
            if op == "patch":
                self._patch(path, entry.get("v"))
            else:
                self._one(path, op, entry.get("v"))

    def _one(self, path: str, op: str, value: Json) -> None:
        if not path:
            self._root(op, value)
            return
        document = self._documents.get(self.channel)
        if not isinstance(document, dict | list):
            document = self._documents[self.channel] = {}
            self._replaced = True
        keys = segments(path)
        container = resolve(document, keys)
        is_end = op == "append" and isinstance(value, str) and _is_text_end(path, container, keys[-1])
        if container is None or not change(container, keys[-1], op, value):
            self.unknown_ops += 1
            return
        self._note(path, op, value, is_end)

    def _root(self, op: str, value: Json) -> None:
        document = self._documents.get(self.channel)
        if op in ("add", "replace"):
            self._documents[self.channel] = value
        elif op == "append" and isinstance(document, dict) and isinstance(value, dict):
            document.update(value)
        elif op == "append" and document is None:
            self._documents[self.channel] = value
        elif op == "remove":
            self._documents.pop(self.channel, None)
        else:
            self.unknown_ops += 1
            return
        self._replaced = True

    def _note(self, path: str, op: str, value: Json, is_end: bool) -> None:
        if is_end:
            self._appended.append(value)
        elif path in _ABOVE_TEXT:
            self._rewritten = self._otherwise = True
        elif path.startswith(_PARTS):
            self._rewritten = True
        elif not (op == "append" and isinstance(value, str) and path.startswith("/message/content/")):
            # Growing thoughts or code inside the content change neither the answer nor whether it is one; `in_thoughts`
            # tells of the first.
            self._otherwise = True

    def _gather(self) -> None:
        keys = segments(self._path)
        document = self._documents.get(self.channel)
        if not keys or not isinstance(document, dict | list):
            return
        container = resolve(document, keys)
        if container is not None and isinstance(get(container, keys[-1]), str):
            self._gathering = (container, keys[-1])
            self.at_text_end = _is_text_end(self._path, container, keys[-1])
            self.in_thoughts = self._path.startswith(_THOUGHTS)


def _is_patch(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and isinstance(item.get("p"), str) for item in value)


def _is_part(path: str) -> bool:
    return path.startswith(_PARTS) and path[len(_PARTS) :].isdigit()


def _is_text_end(path: str, container: Container | None, key: str) -> bool:
    """Whether appending to this slot adds to the end of the text: the last part, or the one after it."""
    if not _is_part(path) or not isinstance(container, list):
        return False
    index = int(key)
    if index < len(container) - 1:
        return False
    return index >= len(container) or container[index] is None or isinstance(container[index], str)
