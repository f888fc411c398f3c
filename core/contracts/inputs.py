"""A picture that a client sent, to be edited or looked at."""

from __future__ import annotations

from core.contracts.base import Contract


class InputRef(Contract):
    """An input, stored once by the SHA-256 of its bytes and referred to by that.

    Attributes:
        sha256: lower-case hex.
        content_type: what the bytes are, whatever the client said.
        width, height: pixels.
        name: the client's name for it, a plain file name.
    """

    sha256: str
    content_type: str
    size_bytes: int
    width: int
    height: int
    name: str
