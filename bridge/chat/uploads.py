"""Files that an account has already: a client sends its whole history with every request, pictures and all."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import replace
from weakref import WeakKeyDictionary

from bridge.chat.attachments import Attachment
from provider.interface.session import Session
from provider.interface.turns import UploadedFile

KNOWN_SECONDS = 3600.0
"""How long a file that was uploaded is used again; upstream says nothing of how long it keeps one."""

_MOST_KNOWN = 500


class Uploads:
    """What the sessions of this process have uploaded for chats. A session that is replaced has uploaded nothing."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Session, OrderedDict[str, tuple[UploadedFile, float]]] = WeakKeyDictionary()

    async def of(self, session: Session, file: Attachment) -> UploadedFile:
        """The file as upstream knows it, uploaded now where it is not there.

        Raises:
            BridgeError: it cannot be uploaded.
        """
        known = self._known.setdefault(session, OrderedDict())
        digest = f"{file.mime_type}:{await asyncio.to_thread(_digest, file.content)}"
        uploaded, at = known.get(digest, (None, 0.0))
        if uploaded is None or time.monotonic() - at > KNOWN_SECONDS:
            uploaded = await session.upload(file.content, name=file.name, mime_type=file.mime_type)
            known[digest] = uploaded, time.monotonic()
            known.move_to_end(digest)
            if len(known) > _MOST_KNOWN:
                known.popitem(last=False)
        return replace(uploaded, name=file.name)

    def forget(self, session: Session) -> None:
        """Upload everything anew for this session: it may be a file that upstream does not have any more."""
        self._known.pop(session, None)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
