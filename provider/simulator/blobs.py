"""Files upstream holds: uploads, and pictures it made."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field

MOST_BYTES = 256 * 1024 * 1024
MOST_FILES = 5_000
"""What is kept of all files together; the oldest go first."""


@dataclass(slots=True)
class Blob:
    """One file.

    Attributes:
        content: `None` for an upload slot that is still empty.
        conversation_id: the conversation a generated picture belongs to, `None` for an upload.
        confirmed: an upload that was declared complete.
        slot_ends_at: monotonic, until when the upload slot takes bytes.
        trouble: how its download goes wrong, one of the scenarios' `download` values.
        asked: how often its download link was asked for.
        slot: which of a turn's pictures it shows; previews and the final one share it.
    """

    id: str
    account: str
    name: str
    mime_type: str
    size_bytes: int
    content: bytes | None = None
    conversation_id: str | None = None
    confirmed: bool = False
    slot_ends_at: float = 0.0
    trouble: str | None = None
    asked: int = 0
    slot: str = ""
    width: int | None = None
    height: int | None = None
    created: float = field(default_factory=time.time)


class Blobs:
    """All files, and the signatures of links to them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Blob] = OrderedDict()
        self._bytes = 0
        self._key = secrets.token_bytes(32)

    def add(self, blob: Blob) -> None:
        """Keep a file's entry, with its content if it has one."""
        self._kept[blob.id] = blob
        self._bytes += len(blob.content or b"")
        self._shrink()

    def fill(self, blob: Blob, content: bytes) -> None:
        """Store what was uploaded into a slot."""
        self._bytes += len(content) - len(blob.content or b"")
        blob.content = content
        self._shrink()

    def get(self, identity: str) -> Blob | None:
        """The file of that id."""
        return self._kept.get(identity)

    def usable(self, identity: str, account: str) -> Blob | None:
        """The file of that id, if it is the account's: an upload that was confirmed, or a picture made for it."""
        blob = self._kept.get(identity)
        if blob is None or blob.account != account:
            return None
        return blob if blob.confirmed or blob.conversation_id is not None else None

    def sign(self, purpose: str, identity: str, ends_at: int) -> str:
        """The signature of a link that ends at a Unix time."""
        text = f"{purpose}|{identity}|{ends_at}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]

    def signed(self, purpose: str, identity: str, ends_at: str, signature: str) -> bool:
        """Whether a link was signed here and has not ended."""
        if not ends_at.isdecimal() or int(ends_at) < time.time():
            return False
        return hmac.compare_digest(self.sign(purpose, identity, int(ends_at)).encode(), signature.encode())

    def clear(self) -> None:
        """Forget all files."""
        self._kept.clear()
        self._bytes = 0

    def _shrink(self) -> None:
        while self._bytes > MOST_BYTES or len(self._kept) > MOST_FILES:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.content or b"")
