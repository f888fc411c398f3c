"""Which bytes of a file a request asks for."""

from __future__ import annotations

import re

_ONE_RANGE = re.compile(r"bytes=\s*(?P<first>\d*)\s*-\s*(?P<last>\d*)\s*", re.IGNORECASE)


class UnsatisfiableRange(Exception):
    """The range begins behind the end of the file."""


def wanted(header: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and the one behind the last, `None` for all of them.

    What is no single range of bytes is passed over, as HTTP has it, and the whole file is sent.

    Raises:
        UnsatisfiableRange: no byte of the file is in the range.
    """
    given = _ONE_RANGE.fullmatch(header or "")
    if given is None or not (given["first"] or given["last"]):
        return None
    if not given["first"]:
        length = min(int(given["last"]), size)
        if not length:
            raise UnsatisfiableRange
        return size - length, size
    first = int(given["first"])
    last = int(given["last"]) if given["last"] else size - 1
    if given["last"] and last < first:
        return None
    if first >= size:
        raise UnsatisfiableRange
    return first, min(last, size - 1) + 1


def matches(header: str | None, etag: str) -> bool:
    """Whether a list of entity tags names this one, by weak comparison."""
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags
