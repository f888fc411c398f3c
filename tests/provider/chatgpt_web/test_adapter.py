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
    AccountQuarantinedError,
    AuthExpiredError,
    AuthInvalidError,
    BridgeError,
    CaptureRejectedError,
    FileNotFoundUpstreamError,
    FileUploadFailedError,
    ProtocolError,
    StreamInterruptedError,
    UpstreamUnavailableError,
)
from provider.chatgpt_web.adapter import ChatGPTWeb, WebSession
from provider.chatgpt_web.addresses import checked_socket_url
from provider.interface.turns import (
    ImageState,
    OnClose,
    TextDelta,
    TurnFinished,
    TurnMessage,
    TurnRequest,
    UploadedFile,
)
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


async def test_an_uploaded_document_is_read(session: WebSession) -> None:
    file = await session.upload(b"kites and boats", name="notes.txt", mime_type="text/plain")
    request = TurnRequest(messages=(TurnMessage("user", "what is this?", (file,)),), message_id=ids.message_id())

    events = await events_of(session, request)

    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert "notes.txt has 15 bytes and begins with “kites and boats”." in said


async def test_a_script_is_read_word_for_word(simulator: Simulator, session: WebSession) -> None:
    text = '\n```json\n{"name": "read", "arguments": {"path": "a\\\\b"}}\n```\n'
    simulator.add_script("the boat", [{"text": text, "thoughts": [{"summary": "Looking"}]}])

    events = await events_of(session, asked("mend the boat"))

    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == text


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


@pytest.mark.parametrize("way", ["inline", "async"])
async def test_an_input_is_never_taken_for_the_result(session: WebSession, way: str) -> None:
    file = await session.upload(png(), name="a.png", mime_type="image/png")
    words = f"[sim:image={way},pixels=64] make the sky purple"
    request = TurnRequest(
        messages=(TurnMessage("user", words, (file,)),), message_id=ids.message_id(), kind="image", temporary=True
    )

    end = (await events_of(session, request))[-1]
    assert isinstance(end, TurnFinished)
    found = await session.find_message(request.message_id, sent_at=utc_now())
    assert found is not None
    state = await eventually(session, found.conversation_id, request, file)

    assert file.file_id not in [asset.file_id for asset in (*end.assets, *state.assets)]
    assert len(state.assets) == 1
    image = await session.download_image(state.assets[0], conversation_id=found.conversation_id)
    assert image.content != png()


async def eventually(session: WebSession, conversation_id: str, request: TurnRequest, file: UploadedFile) -> ImageState:
    """What became of a picture."""
    for _ in range(100):
        state = await session.image_state(
            conversation_id, message_id=request.message_id, uploaded=frozenset((file.file_id,))
        )
        if state.status != "pending":
            return state
        await asyncio.sleep(0.05)
    raise AssertionError("still pending")


async def test_bytes_that_lag_behind_their_link_are_asked_for_again(simulator: Simulator, session: WebSession) -> None:
    conversation_id, state = await drawn(session, "[sim:image=inline,pixels=64] a heron")
    simulator.add_rule(path="/backend-api/estuary/content", refusal="file_not_found")

    image = await session.download_image(state.assets[0], conversation_id=conversation_id)

    assert image.content_type == "image/png"


async def test_an_upload_that_upstream_does_not_confirm_has_failed(simulator: Simulator, session: WebSession) -> None:
    refused = '{"status":"error","error_code":"file_not_found"}'
    headers = {"content-type": "application/json"}
    simulator.add_rule(path="/backend-api/files/*/uploaded", status=200, headers=headers, body=refused)

    with pytest.raises(FileNotFoundUpstreamError):
        await session.upload(png(), name="a.png", mime_type="image/png")


async def test_a_large_picture_is_uploaded(session: WebSession) -> None:
    file = await session.upload(png() + bytes(3_000_000), name="large.png", mime_type="image/png")

    assert file.size_bytes > 3_000_000


async def test_an_address_on_a_foreign_host_is_not_followed(simulator: Simulator, session: WebSession) -> None:
    headers = {"content-type": "application/json"}
    body = '{"websocket_url":"wss://chatgpt.com.evil.test/p0?verify=1"}'
    simulator.add_rule(path="*/celsius/ws/user", status=200, headers=headers, body=body)

    with pytest.raises(ProtocolError) as caught:
        await session.verify()

    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(("on_close", "stops"), [("stop", 1), ("leave", 0)])
async def test_closing_a_session_stops_the_chats_that_are_open(
    simulator: Simulator, provider: ChatGPTWeb, on_close: OnClose, stops: int
) -> None:
    session = provider.open("plus", simulator.captures()["plus"])
    begun = asyncio.Event()

    async def read() -> None:
        async with session.turn(asked("[sim:pace=50,deltas=200] long"), on_close=on_close) as turn:
            async for event in turn:
                if isinstance(event, TextDelta):
                    begun.set()

    reading = asyncio.create_task(read())
    await asyncio.wait_for(begun.wait(), 5)

    before = asyncio.get_running_loop().time()
    await session.aclose()
    took = asyncio.get_running_loop().time() - before

    assert len(simulator.ledger.stops) == stops
    assert took < 2.5
    with pytest.raises(StreamInterruptedError):
        await asyncio.wait_for(reading, 5)
    with pytest.raises(UpstreamUnavailableError):
        await events_of(session, asked("one more"))


async def test_closing_a_session_leaves_no_task_and_no_connection(simulator: Simulator, provider: ChatGPTWeb) -> None:
    others = asyncio.all_tasks()
    session = provider.open("plus", simulator.captures()["plus"])
    await events_of(session, asked("[sim:handoff] hello"))
    async with session.turn(asked("[sim:pace=100,deltas=50] long"), on_close="stop") as turn:
        await anext(aiter(turn))

    await session.aclose()
    await asyncio.sleep(0.05)

    ours = [task.get_name() for task in asyncio.all_tasks() - others]
    assert [name for name in ours if name.startswith(("session-", "requirements", "turn-post"))] == []
    assert simulator.ledger.stops


async def test_a_session_that_is_halted_reads_what_streams_and_asks_nothing_more(
    simulator: Simulator, session: WebSession
) -> None:
    refusal = AccountQuarantinedError("It waits.", account="plus", cause="challenge")
    async with session.turn(asked("[sim:deltas=8,pace=20] hello"), on_close="stop") as turn:
        events = turn.__aiter__()
        await events.__anext__()
        # What goes beside a turn has left by then.
        await asyncio.sleep(0.05)
        session.halt(refusal)
        asked_before = simulator.ledger.counts["requests"]
        last = [event async for event in events][-1]
    assert isinstance(last, TurnFinished)
    for use in (session.limits(), session.stop("c"), session.upload(b"x", name="x.png", mime_type="image/png")):
        with pytest.raises(AccountQuarantinedError):
            await use
    with pytest.raises(AccountQuarantinedError):
        await events_of(session, asked("again"))
    await asyncio.sleep(0.1)
    assert simulator.ledger.counts["requests"] == asked_before


async def test_limits_are_asked_for_in_the_time_zone_of_the_turns(
    simulator: Simulator, session: WebSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Bangkok")
    sent: list[object] = []
    call = session.connection.call

    async def noted(*given: str, **more: object) -> object:
        sent.append(more["body"])
        return await call(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(session.connection, "call", noted)
    await session.limits()

    assert sent == [
        {
            "requested_default_model": None,
            "conversation_id": None,
            "timezone_offset_min": -420,
            "conversation_origin": None,
        }
    ]
