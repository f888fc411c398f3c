"""Incremental server-sent events, docs/protocol.md section 3.1."""

from __future__ import annotations

from typing import NamedTuple

from core.errors import ProtocolError

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""An event longer than this is not one of upstream's; reading on would only fill the memory."""

_BOM = b"\xef\xbb\xbf"
_DELTA = b"event: delta\ndata: "


class SseEvent(NamedTuple):
    """One dispatched event. `name` is the `event` field, empty when absent; `data` lines are joined with LF."""

    name: str
    data: str


class SseFraming:
    """Cuts a byte stream into events, right for every split of the bytes.

    Line ends are LF, CRLF and CR and nothing else: U+2028, U+0085 and their like may stand raw inside JSON strings.
    Works on bytes until an event is whole, so that a character split between two chunks never shows; bytes that are
    not UTF-8 become U+FFFD. Comments and events without data are not dispatched.
    """

    __slots__ = ("_after_cr", "_buffer", "_first")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._after_cr = False
        self._first = True

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that `chunk` completes; an empty list when more bytes are needed.

        Raises:
            ProtocolError: an event exceeds `MAX_EVENT_BYTES`.
        """
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        buffer = self._buffer
        data: bytes | bytearray = chunk
        end = 0
        if buffer:
            # The last byte known so far may be the first half of the blank line.
            end = len(buffer) - 1
            buffer += chunk
            data = buffer
        events: list[SseEvent] = []
        start = 0
        while (end := data.find(b"\n\n", end)) >= 0:
            self._dispatch(data[start:end], events)
            start = end = end + 2
        if data is chunk:
            buffer += chunk[start:]
        else:
            del buffer[:start]
        if len(buffer) > MAX_EVENT_BYTES:
            raise ProtocolError("Upstream sent an event that is too long to be one.")
        return events

    def end(self) -> list[SseEvent]:
        """The event that was pending when the input ended, if any; the framing is then as new."""
        events: list[SseEvent] = []
        self._dispatch(self._buffer, events)
        self._buffer = bytearray()
        self._after_cr = False
        self._first = True
        return events

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        # A CR ends its line at once; the LF of a CRLF that was cut in two is then swallowed.
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if chunk:
            self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _dispatch(self, block: bytes | bytearray, events: list[SseEvent]) -> None:
        if block.startswith(_DELTA) and block.find(b"\n", len(_DELTA)) < 0:
            # Nearly every event, so not taken apart line by line.
            self._first = False
            events.append(SseEvent("delta", block[len(_DELTA) :].decode("utf-8", "replace")))
            return
        if self._first and block:
            self._first = False
            block = block.removeprefix(_BOM)
        name: bytes | bytearray = b""
        data: bytes | bytearray | None = None
        for line in block.split(b"\n"):
            if line.startswith(b"data:"):
                value = line[6:] if line[5:6] == b" " else line[5:]
                data = value if data is None else data + b"\n" + value
            elif line.startswith(b"event:"):
                name = line[6:].removeprefix(b" ")
        if data:
            events.append(SseEvent(name.decode("utf-8", "replace"), data.decode("utf-8", "replace")))
