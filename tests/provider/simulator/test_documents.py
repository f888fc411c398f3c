"""Files that are no pictures, attached to a chat."""

from __future__ import annotations

from typing import Any

import pytest

from provider.simulator.documents import described

NOTES = b"First, the boat. Then, if the wind allows it, the kite; and never both at once.\n"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (NOTES, "a.txt has 80 bytes and begins with “First, the boat. Then, if the wind allows it, the kite; and”."),
        (b"\xef\xbb\xbfa,b\r\n1,2", "a.txt has 11 bytes and begins with “a,b 1,2”."),
        (b" ", "a.txt has 1 byte and no words."),
        (b"", "a.txt has 0 bytes and no words."),
        (b"%PDF\x00" * 300, "a.txt has 1,500 bytes of text/plain."),
        (b"\xff\xfe", "a.txt has 2 bytes of text/plain."),
    ],
)
def test_a_document_is_told_in_a_sentence(content: bytes, told: str) -> None:
    assert described("a.txt", "text/plain", content) == told


def test_endless_words_are_cut() -> None:
    assert len(described("a.txt", "text/plain", b"x" * 10_000)) < 180


async def test_a_chat_tells_what_its_documents_are(browser: Any) -> None:
    files = [
        await _upload(browser, "notes.txt", "text/plain", NOTES),
        await _upload(browser, "plan.pdf", "application/pdf", b"%PDF-1.7\x00" * 10),
    ]
    reply = await browser.turn("", messages=[_about(browser, "Summarise these", *files)])
    for part in (
        "I received notes.txt and plan.pdf.",
        "notes.txt has 80 bytes",
        "“First, the boat.",
        "plan.pdf has 90",
    ):
        assert part in reply.text
    assert "bytes of application/pdf" in reply.text


async def test_a_picture_beside_a_document_is_seen_as_a_picture(browser: Any) -> None:
    notes = await _upload(browser, "notes.txt", "text/plain", NOTES)
    picture = await _upload(browser, "in.png", "image/png", b"not really", use_case="multimodal")
    message = _about(browser, "Compare", notes, picture)
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": f"file-service://{picture['id']}"}
    message["content"] = {"content_type": "multimodal_text", "parts": [pointer, "Compare"]}
    text = (await browser.turn("", messages=[message])).text
    assert "cannot make anything of this picture" in text
    assert "notes.txt has 80 bytes" in text
    assert "in.png has" not in text


async def test_only_the_last_messages_documents_are_told(browser: Any) -> None:
    first = await browser.turn(
        "", messages=[_about(browser, "Read", await _upload(browser, "a.txt", "text/plain", b"a"))]
    )
    answer = first.documents[1]["message"]["id"]
    second = await browser.turn("And now?", conversation_id=first.conversation_id, parent_message_id=answer)
    assert "a.txt" in first.text
    assert "a.txt" not in second.text


async def test_a_file_that_is_not_there_is_404(open_browser: Any) -> None:
    simulator, plus = await open_browser()
    sent = await _upload(plus, "a.txt", "text/plain", b"a")
    unconfirmed = (await _slot(plus, "b.txt", 1, "my_files"))["file_id"]
    for browser, identity in (
        (plus, "file_none"),
        (plus, unconfirmed),
        (plus.of(simulator.capture("pro")), sent["id"]),
    ):
        reply = await browser.turn("", messages=[_about(browser, "Read", {"id": identity, "name": "x"})])
        assert (reply.status, reply.json["detail"]) == (404, "File not found")
    assert simulator.ledger.counts["submissions"] == 0


@pytest.mark.parametrize("attachments", ["a.txt", ["a.txt"], [{"name": "a.txt"}], [{"id": "file_1"}]])
async def test_malformed_attachments_are_422(browser: Any, attachments: Any) -> None:
    message = _about(browser, "Read")
    message["metadata"]["attachments"] = attachments
    assert (await browser.turn("", messages=[message])).status == 422


async def test_a_use_case_that_does_not_exist_is_422(browser: Any) -> None:
    body = {"file_name": "a.txt", "file_size": 1, "use_case": "mine"}
    assert (await browser.post("/backend-api/files", body)).status == 422


def _about(browser: Any, prompt: str, *files: dict[str, Any]) -> Any:
    """A message with files attached."""
    message = browser.body(prompt)["messages"][0]
    message["metadata"] = {"attachments": list(files)}
    return message


async def _slot(browser: Any, name: str, size: int, use_case: str) -> Any:
    body = {"file_name": name, "file_size": size, "use_case": use_case}
    return (await browser.post("/backend-api/files", body)).json


async def _upload(
    browser: Any, name: str, mime_type: str, content: bytes, *, use_case: str = "my_files"
) -> dict[str, Any]:
    """Upload a file; returns it as a message's attachment."""
    slot = await _slot(browser, name, len(content), use_case)
    headers = {"content-type": mime_type, "x-ms-blob-type": "BlockBlob", "x-ms-version": "2020-04-08"}
    assert (await browser.call("PUT", slot["upload_url"], content, headers=headers)).status == 201
    assert (await browser.post(f"/backend-api/files/{slot['file_id']}/uploaded", {})).status == 200
    return {"id": slot["file_id"], "mimeType": mime_type, "name": name, "size": len(content)}
