"""A file that an account has is not uploaded again: clients send their whole history with every request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.chat import uploads
from bridge.chat.attachments import Attachment
from bridge.chat.uploads import Uploads
from core.errors import FileUploadFailedError
from tests.fakes.chat import ChatSession, ChatWorld

FILE = Attachment(b"bytes", "messages[0]", name="image-1.png", mime_type="image/png")


async def test_the_same_bytes_are_uploaded_once_a_session() -> None:
    world, known = ChatWorld(), Uploads()
    one, two = ChatSession("one", world), ChatSession("two", world)

    first = await known.of(one, FILE)
    again = await known.of(one, replace(FILE, name="image-7.png"))
    await known.of(one, replace(FILE, content=b"others"))
    elsewhere = await known.of(two, FILE)

    assert (again.file_id, again.name) == (first.file_id, "image-7.png")
    assert elsewhere.file_id != first.file_id
    assert [alias for alias, _, _ in world.uploaded] == ["one", "one", "two"]


async def test_it_is_uploaded_again_after_some_time_or_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    world, known = ChatWorld(), Uploads()
    session = ChatSession("one", world)

    await known.of(session, FILE)
    known.forget(session)
    await known.of(session, FILE)
    monkeypatch.setattr(uploads, "KNOWN_SECONDS", -1.0)
    await known.of(session, FILE)

    assert len(world.uploaded) == 3


async def test_what_failed_is_not_known() -> None:
    world, known = ChatWorld(), Uploads()
    world.uploading["one"] = [FileUploadFailedError("no")]
    session = ChatSession("one", world)

    with pytest.raises(FileUploadFailedError):
        await known.of(session, FILE)
    assert (await known.of(session, FILE)).file_id


async def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_MOST_KNOWN", 2)
    world, known = ChatWorld(), Uploads()
    session = ChatSession("one", world)

    for content in (b"a", b"b", b"c", b"c", b"a"):
        await known.of(session, replace(FILE, content=content))

    assert len(world.uploaded) == 4
