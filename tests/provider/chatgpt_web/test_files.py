"""Uploads and downloads: what goes where, and what does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.errors import FeatureLimitError, ProtocolError, UpstreamError
from provider.chatgpt_web.adapter import WebSession
from provider.simulator import Simulator

JSON = {"content-type": "application/json"}


@pytest.fixture
async def elsewhere() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Another origin, and the heads of the requests it was sent."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).lower())
        body = b"picture"
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/PNG; q=1\r\ncontent-length: 7\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    server.close()
    await server.wait_closed()


async def test_another_origin_gets_no_credential_with_a_download(
    session: WebSession, elsewhere: tuple[str, list[bytes]]
) -> None:
    address, heads = elsewhere

    assert await session.connection.fetch_bytes(f"{address}/a.png") == (b"picture", "image/png")

    names = {line.partition(b":")[0] for line in heads[0].splitlines()[1:] if line}
    assert names == {b"host", b"user-agent", b"accept", b"accept-encoding"}


async def test_a_blob_is_written_without_any_header_of_the_account(
    session: WebSession, elsewhere: tuple[str, list[bytes]]
) -> None:
    address, heads = elsewhere

    await session.connection.put_blob(f"{address}/slot?sig=1", b"", "image/png")

    names = {line.partition(b":")[0] for line in heads[0].splitlines()[1:] if line}
    allowed = {b"host", b"content-type", b"content-length", b"accept-encoding", b"origin"}
    assert names <= allowed | {b"x-ms-blob-type", b"x-ms-version"}
    assert b"x-ms-blob-type" in names


@pytest.mark.parametrize("address", ["", "/relative", "ftp://127.0.0.1/a", "http://[", "file:///etc/passwd"])
async def test_an_address_that_is_none_is_not_asked(session: WebSession, address: str) -> None:
    with pytest.raises(ProtocolError):
        await session.connection.fetch_bytes(address)
    with pytest.raises(ProtocolError):
        await session.connection.put_blob(address, b"x", "image/png")


async def test_an_upload_over_the_quota_is_not_tried_again(simulator: Simulator, session: WebSession) -> None:
    simulator.add_rule(path="/backend-api/files", refusal="upload_limit")

    with pytest.raises(FeatureLimitError):
        await session.upload(b"x", name="a.txt", mime_type="text/plain")

    assert simulator.ledger.counts["requests"] == 1


@pytest.mark.parametrize("body", ["{}", "[]", '{"file_id":"f"}', '{"file_id":7,"upload_url":"https://x.test"}'])
async def test_a_slot_that_is_none_is_an_error(simulator: Simulator, session: WebSession, body: str) -> None:
    simulator.add_rule(path="/backend-api/files", status=200, headers=JSON, body=body)

    with pytest.raises(ProtocolError):
        await session.upload(b"x", name="a.txt", mime_type="text/plain")


async def test_a_store_that_is_broken_is_told(simulator: Simulator, session: WebSession) -> None:
    simulator.add_rule(method="PUT", status=503)

    with pytest.raises(UpstreamError):
        await session.upload(b"x", name="a.txt", mime_type="text/plain")
