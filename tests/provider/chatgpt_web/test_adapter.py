"""The session's reads, uploads and downloads, over real sockets."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta

import pytest
from PIL import Image

from core import ids
from core.clock import utc_now
from core.errors import (
    AuthExpiredError,
    AuthInvalidError,
    BridgeError,
    CaptureRejectedError,
    FileNotFoundUpstreamError,
    FileUploadFailedError,
    ProtocolError,
)
from provider.chatgpt_web.adapter import ChatGPTWeb, WebSession
from provider.chatgpt_web.connection import checked_socket_url
from provider.interface.turns import ImageState, TurnMessage, TurnRequest
from provider.simulator import Simulator
from tests.provider.chatgpt_web.conftest import asked, events_of


async def drawn(session: WebSession, prompt: str) -> tuple[str, ImageState]:
    """The conversation and the final state of a picture."""
    request = asked(prompt, image=True)
    async with session.turn(request, on_close="leave") as turn:
        async for _ in turn:
            pass
        conversation_id = turn.conversation_id
    assert conversation_id is not None
    for _ in range(100):
        state = await session.image_state(conversation_id, message_id=request.message_id)
        if state.status != "pending":
            return conversation_id, state
        await asyncio.sleep(0.05)
    raise AssertionError("still pending")


@pytest.mark.parametrize("way", ["inline", "async"])
async def test_a_picture_is_found_and_fetched(session: WebSession, way: str) -> None:
    conversation_id, state = await drawn(session, f"[sim:image={way},pixels=64] a heron")

    image = await session.download_image(state.assets[0], conversation_id=conversation_id)

    assert image.content_type == "image/png"
    with Image.open(io.BytesIO(image.content)) as picture:
        assert max(picture.size) == 64


async def test_a_refusal_in_words_is_found(session: WebSession) -> None:
    _, state = await drawn(session, "[sim:image=refused] a heron")

    assert state.status == "refused"
    assert state.text


@pytest.mark.parametrize("trouble", ["404", "lag", "other_host"])
async def test_a_link_that_lags_or_lies_elsewhere_still_leads_to_the_picture(
    simulator: Simulator, session: WebSession, trouble: str
) -> None:
    conversation_id, state = await drawn(session, f"[sim:image=inline,pixels=64,download={trouble}] a heron")

    image = await session.download_image(state.assets[0], conversation_id=conversation_id)

    assert image.content
    assert not simulator.ledger.leaks


@pytest.mark.parametrize(("trouble", "error"), [("gone", FileNotFoundUpstreamError), ("html", ProtocolError)])
async def test_what_is_no_picture_is_an_error(session: WebSession, trouble: str, error: type[BridgeError]) -> None:
    conversation_id, state = await drawn(session, f"[sim:image=inline,pixels=64,download={trouble}] a heron")

    with pytest.raises(error):
        await session.download_image(state.assets[0], conversation_id=conversation_id)


async def test_a_submission_that_arrived_is_found_and_another_is_not(session: WebSession) -> None:
    sent_at = utc_now()
    request = asked("did it arrive?")
    await events_of(session, request)

    found = await session.find_message(request.message_id, sent_at=sent_at)

    assert found is not None
    assert found.message_id == request.message_id
    assert await session.find_message(ids.message_id(), sent_at=sent_at) is None
    assert await session.find_message(request.message_id, sent_at=sent_at + timedelta(hours=1)) is None


async def test_an_unreadable_list_proves_nothing(simulator: Simulator, session: WebSession) -> None:
    simulator.add_rule(path="/backend-api/conversations", refusal="server_error")

    with pytest.raises(BridgeError):
        await session.find_message(ids.message_id(), sent_at=utc_now())


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 3), "teal").save(out, "PNG")
    return out.getvalue()


async def test_an_upload_carries_no_credential(simulator: Simulator, session: WebSession) -> None:
    file = await session.upload(png(), name="a.png", mime_type="image/png")

    assert (file.width, file.height, file.size_bytes) == (4, 3, len(png()))
    assert not simulator.ledger.leaks


async def test_a_slot_that_expired_is_replaced_once(simulator: Simulator, session: WebSession) -> None:
    simulator.add_rule(method="PUT", refusal="blob_rejected")

    await session.upload(png(), name="a.png", mime_type="image/png")

    simulator.add_rule(method="PUT", refusal="blob_rejected", times=2)
    with pytest.raises(FileUploadFailedError):
        await session.upload(png(), name="a.png", mime_type="image/png")


async def test_an_uploaded_picture_goes_with_a_chat(session: WebSession) -> None:
    file = await session.upload(png(), name="a.png", mime_type="image/png")
    request = TurnRequest(messages=(TurnMessage("user", "what is this?", (file,)),), message_id=ids.message_id())

    assert await events_of(session, request)


async def test_limits_and_models_are_read(session: WebSession) -> None:
    assert (await session.limits()).features["image_gen"].status == "available"
    assert "gpt-5-5" in [model.slug for model in await session.models()]


async def test_a_capture_that_no_longer_authenticates_is_told(simulator: Simulator, session: WebSession) -> None:
    await session.verify()
    simulator.add_rule(path="*/celsius/ws/user", refusal="unauthorized")

    with pytest.raises(AuthInvalidError):
        await session.verify()


def test_a_capture_that_cannot_serve_opens_no_session(simulator: Simulator, provider: ChatGPTWeb) -> None:
    capture = simulator.captures()["plus"]

    with pytest.raises(CaptureRejectedError):
        provider.open("plus", capture.replace("authorization: Bearer", "authorization: Basic"))
    with pytest.raises(AuthExpiredError):
        provider.open("plus", simulator.capture("plus", expires_at=1))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("wss://ws.chatgpt.com/p0?verify=1", "https://chatgpt.com"),
        ("ws://127.0.0.1:9/ws", "http://127.0.0.1:9"),
        ("wss://bridge.test/ws", "https://bridge.test"),
    ],
)
def test_socket_addresses_of_upstream_are_trusted(url: str, origin: str) -> None:
    assert checked_socket_url(url, origin) == url


@pytest.mark.parametrize(
    "url",
    ["wss://chatgpt.com.evil.test/ws", "ws://chatgpt.com/ws", "https://chatgpt.com", "ws://127.0.0.1:8/x", 7, None],
)
def test_socket_addresses_elsewhere_are_not(url: object) -> None:
    with pytest.raises(ProtocolError):
        checked_socket_url(url, "http://127.0.0.1:9")
