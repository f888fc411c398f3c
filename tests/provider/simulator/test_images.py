"""Picture turns, from the prompt to the bytes."""

from __future__ import annotations

import asyncio
import io
import time
from datetime import datetime
from typing import Any

import pytest
from PIL import Image, PngImagePlugin


async def test_inline_picture_is_in_the_stream_and_can_be_downloaded(simulator: Any, browser: Any) -> None:
    reply = await browser.draw("[sim:image=inline] a red cube")
    call, tool = reply.documents[1]["message"], reply.documents[2]["message"]
    assert (call["recipient"], call["metadata"]["image_gen_multi_stream"]) == (tool["author"]["name"], True)
    assert tool["status"] == "finished_successfully"
    picture = await _download(browser, reply.conversation_id, tool["content"]["parts"][0])
    assert picture.size == (1024, 1024)
    assert simulator.ledger.counts["image_submissions"] == 1
    facts = next(event for event in reply.typed if event.get("type") == "server_ste_metadata")["metadata"]
    assert facts["turn_use_case"] == "image gen"


async def test_asynchronous_picture_is_pending_then_finished(simulator: Any, browser: Any) -> None:
    reply = await browser.draw("[sim:image=async seconds=10] a red cube")
    placeholder = reply.documents[2]["message"]
    assert placeholder["metadata"]["image_gen_async"] is True
    assert placeholder["metadata"]["image_gen_task_id"]
    assert "message_stream_complete" in reply.types
    pending = await _tree(browser, reply)
    assert pending["async_status"] == 3
    assert pending["mapping"][placeholder["id"]]["message"]["status"] == "in_progress"
    assert simulator.ledger.in_flight["plus"].current == 1
    finished = await _finished(browser, reply)
    message = finished["mapping"][placeholder["id"]]["message"]
    assert (finished["async_status"], message["status"]) == (4, "finished_successfully")
    assert (await _download(browser, reply.conversation_id, message["content"]["parts"][0])).size == (1024, 1024)
    assert simulator.ledger.in_flight["plus"].current == 0
    assert simulator.ledger.submissions[0].outcome == "completed"


async def test_configuration_decides_how_pictures_come(simulator: Any, browser: Any) -> None:
    assert "image_gen_task_id" in (await browser.draw("a cat")).documents[2]["message"]["metadata"]
    simulator.set(image="inline")
    assert "image_gen_task_id" not in (await browser.draw("a cat")).documents[2]["message"]["metadata"]


async def test_refusal_is_an_answer_in_words(browser: Any) -> None:
    reply = await browser.draw("[sim:image=refused] something forbidden")
    assert "can't create that image" in reply.text
    assert (await _tree(browser, reply))["async_status"] is None


async def test_turn_without_picture_and_words(browser: Any) -> None:
    reply = await browser.draw("[sim:image=none] nothing")
    assert sorted(reply.documents) == [0]
    assert "message_stream_complete" in reply.types


async def test_failed_work_ends_as_an_apology(browser: Any) -> None:
    reply = await browser.draw("[sim:image=failed] a cat")
    tree = await _finished(browser, reply)
    message = tree["mapping"][tree["current_node"]]["message"]
    assert message["status"] == "finished_with_error"
    assert "went wrong" in message["content"]["parts"][0]


@pytest.mark.parametrize("way", ["inline", "async"])
async def test_several_pictures_are_different_ones(browser: Any, way: str) -> None:
    reply = await browser.draw(f"[sim:image={way} images=3 pixels=64] a cat")
    tree = await _finished(browser, reply)
    parts = [
        part
        for node in tree["mapping"].values()
        if node["message"] and node["message"]["author"]["role"] == "tool"
        for part in node["message"]["content"]["parts"]
    ]
    contents = {(await _download(browser, reply.conversation_id, part)).tobytes() for part in parts}
    assert len(contents) == 3


async def test_previews_share_the_slot_of_the_final_picture(browser: Any) -> None:
    reply = await browser.draw("[sim:image=inline previews=2 pixels=64] a cat")
    part = reply.documents[2]["message"]["content"]["parts"][0]
    pointers = [
        entry
        for name, data in reply.events
        if name == "delta" and "asset_pointer" in data and "gen_id" in data
        for entry in [data]
    ]
    assert len(pointers) == 3
    assert all(part["metadata"]["dalle"]["gen_id"] in text for text in pointers)
    assert part["asset_pointer"] in pointers[-1]
    assert part["asset_pointer"] not in pointers[0]


@pytest.mark.parametrize(("ratio", "size"), [("16:9", (1024, 576)), ("9:16", (576, 1024)), ("3:4", (768, 1024))])
async def test_aspect_ratio_instruction_is_honoured(browser: Any, ratio: str, size: tuple[int, int]) -> None:
    reply = await browser.draw(f"[sim:image=inline] a boat\n\nMake the aspect ratio {ratio}.")
    part = reply.documents[2]["message"]["content"]["parts"][0]
    assert (part["width"], part["height"]) == size
    assert (await _download(browser, reply.conversation_id, part)).size == size


async def test_stop_ends_a_picture_in_the_making(simulator: Any, browser: Any) -> None:
    reply = await browser.draw("[sim:image=never] a cat")
    asked = {"conversation_id": reply.conversation_id, "exclude_async_types": ["pro_mode"]}
    await browser.post("/backend-api/stop_conversation", asked)
    tree = await _finished(browser, reply)
    assert tree["mapping"][tree["current_node"]]["message"]["status"] == "finished_partial_completion"
    assert (simulator.ledger.submissions[0].outcome, simulator.ledger.stops[0].found) == ("stopped", True)
    assert simulator.ledger.stops[0].exclude_async_types == ("pro_mode",)


async def test_stop_may_not_reach_the_work(simulator: Any, browser: Any) -> None:
    simulator.set(stop_ends_images=False)
    reply = await browser.draw("[sim:image=async seconds=5] a cat")
    await browser.post("/backend-api/stop_conversation", {"conversation_id": reply.conversation_id})
    tree = await _finished(browser, reply)
    assert tree["async_status"] == 4


async def test_edit_echoes_its_input_under_the_other_scheme(browser: Any) -> None:
    file_id = await _upload(browser, _png((40, 30)))
    shown = _showing(browser, file_id, "[sim:image=inline] make it blue")
    reply = await browser.draw("", messages=[shown])
    echoed = reply.documents[0]["message"]["content"]["parts"][0]
    made = reply.documents[2]["message"]["content"]["parts"][0]
    assert echoed["asset_pointer"] == f"sediment://{file_id}"
    assert file_id not in made["asset_pointer"]
    assert (await _download(browser, reply.conversation_id, echoed)).size == (40, 30)


@pytest.mark.parametrize("way", ["inline", "async"])
@pytest.mark.parametrize(("echo", "made"), [("echo_input", 1), ("echo_only", 0)])
async def test_an_edit_can_hand_the_input_back_as_a_result(browser: Any, way: str, echo: str, made: int) -> None:
    file_id = await _upload(browser, _png((40, 30)))
    shown = _showing(browser, file_id, f"[sim:image={way},pixels=64,{echo}] make it blue")
    reply = await browser.draw("", messages=[shown])
    nodes = (await _finished(browser, reply))["mapping"].values()
    tool = next(node["message"] for node in nodes if node["message"] and node["message"]["author"]["role"] == "tool")
    pointers = [part["asset_pointer"] for part in tool["content"]["parts"]]
    assert pointers[0] == f"sediment://{file_id}"
    assert len(pointers) == 1 + made


async def test_a_question_about_a_picture_is_answered_with_what_is_on_it(browser: Any) -> None:
    file_id = await _upload(browser, _png((40, 30), ocr="Mind the heron"))
    reply = await browser.turn("", messages=[_showing(browser, file_id, "What does it say?")])
    assert "40 by 30 pixels, mostly" in reply.text
    assert "Mind the heron" in reply.text
    broken = await browser.turn("", messages=[_showing(browser, await _upload(browser, b"GIF89a"), "And this?")])
    assert "cannot make anything of this picture" in broken.text


async def test_picture_needs_a_kept_chat_and_known_files(simulator: Any, browser: Any) -> None:
    assert (await browser.draw("a cat", history_and_training_disabled=True)).status == 400
    body = browser.body("x")
    unknown = {"asset_pointer": "file-service://file_unknown"}
    body["messages"][0]["content"] = {"content_type": "multimodal_text", "parts": [unknown, "draw"]}
    assert (await browser.draw("", messages=body["messages"])).status == 404
    assert simulator.ledger.counts["submissions"] == 0


async def test_quota_is_used_and_its_end_is_told(simulator: Any, browser: Any) -> None:
    simulator.set_account("plus", features={"image_gen": 2})
    reply = await browser.draw("[sim:images=2 pixels=64] a cat")
    limits = next(event for event in reply.typed if event.get("type") == "conversation_detail_metadata")
    assert limits["limits_progress"][0]["remaining"] == 0
    refused = await browser.draw("another cat")
    assert (refused.status, refused.json["detail"]["code"]) == (429, "image_gen_limit")
    simulator.set_account("plus", features={}, blocked=["image_gen"])
    assert (await browser.draw("another cat")).status == 429
    blocked = (await browser.post("/backend-api/conversation/init", {})).json["blocked_features"]
    assert [feature["name"] for feature in blocked] == ["image_gen"]


async def test_an_allowance_comes_back_at_its_time(simulator: Any, browser: Any) -> None:
    ends = time.time() + 1
    simulator.set_account("plus", features={"image_gen": 0}, refill={"image_gen": 3}, resets_at=ends)
    told = (await browser.post("/backend-api/conversation/init", {})).json["limits_progress"][0]
    refused = (await browser.draw("a cat")).json["detail"]
    assert datetime.fromisoformat(told["reset_after"]).timestamp() == pytest.approx(ends)
    assert 0 < refused["clears_in"] <= 1
    await asyncio.sleep(ends - time.time() + 0.05)
    assert (await browser.draw("[sim:image=inline pixels=64] a cat")).status == 200
    assert (await browser.post("/backend-api/conversation/init", {})).json["limits_progress"][0]["remaining"] == 2


async def test_client_that_leaves_does_not_end_the_work(simulator: Any, browser: Any) -> None:
    headers = {**browser.login, **await browser.requirements()}
    body = browser.body("[sim:drop] a cat", system_hints=["picture_v2"])
    with pytest.raises(Exception, match="disconnected"):
        await browser.call("POST", "/backend-api/f/conversation", body, headers=headers)
    conversation = simulator.ledger.submissions[0].conversation_id
    for _ in range(300):
        tree = (await browser.get(f"/backend-api/conversation/{conversation}")).json
        if tree["async_status"] == 4:
            break
        await asyncio.sleep(0.02)
    assert tree["async_status"] == 4


async def test_inline_picture_is_made_although_its_client_left(simulator: Any, browser: Any) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(browser.draw("[sim:image=inline seconds=15] a cat"), 0.2)
    submission = simulator.ledger.submissions[0]
    for _ in range(300):
        if submission.ended_at is not None:
            break
        await asyncio.sleep(0.02)
    tree = (await browser.get(f"/backend-api/conversation/{submission.conversation_id}")).json
    tool = [node["message"] for node in tree["mapping"].values() if node["message"]]
    tool = [message for message in tool if message["author"]["role"] == "tool"]
    assert [message["status"] for message in tool] == ["finished_successfully"]
    assert simulator.ledger.in_flight["plus"].current == 0


@pytest.mark.parametrize(
    ("trouble", "statuses", "errors"),
    [("404", [404, 404, 200], [None]), ("lag", [200, 200, 200], ["file_not_found"] * 2), ("gone", [404, 404, 404], [])],
)
async def test_download_link_can_be_late(browser: Any, trouble: str, statuses: list[int], errors: list[Any]) -> None:
    reply = await browser.draw(f"[sim:image=inline pixels=64 download={trouble}] a cat")
    part = reply.documents[2]["message"]["content"]["parts"][0]
    asked = [await browser.get(_link_path(reply.conversation_id, part)) for _ in range(3)]
    assert [answer.status for answer in asked] == statuses
    if trouble == "lag":
        assert [answer.json.get("error_code") for answer in asked[:2]] == errors


async def test_bytes_on_another_origin_see_no_credentials(simulator: Any, browser: Any) -> None:
    reply = await browser.draw("[sim:image=inline pixels=64 download=other_host] a cat")
    part = reply.documents[2]["message"]["content"]["parts"][0]
    url = (await browser.get(_link_path(reply.conversation_id, part))).json["download_url"]
    assert url.startswith("http://localhost:")
    assert (await browser.call("GET", url)).status == 400
    assert simulator.ledger.counts["leaks"] == 1
    clean = await browser.call("GET", url, headers={"user-agent": "x"})
    assert (clean.status, clean.headers["content-type"]) == (200, "image/png")


async def test_bytes_can_be_a_page(browser: Any) -> None:
    reply = await browser.draw("[sim:image=inline pixels=64 download=html] a cat")
    part = reply.documents[2]["message"]["content"]["parts"][0]
    url = (await browser.get(_link_path(reply.conversation_id, part))).json["download_url"]
    assert (await browser.get(url)).headers["content-type"].startswith("text/html")


def _link_path(conversation_id: str, part: dict[str, Any]) -> str:
    identity = part["asset_pointer"].removeprefix("sediment://")
    return f"/backend-api/files/download/{identity}?conversation_id={conversation_id}&inline=false"


async def _download(browser: Any, conversation_id: str, part: dict[str, Any]) -> Image.Image:
    link = (await browser.get(_link_path(conversation_id, part))).json
    assert link["download_url"].startswith(browser.url)
    content = await browser.get(link["download_url"])
    assert content.headers["content-type"].startswith("image/")
    with Image.open(io.BytesIO(content.body)) as picture:
        picture.load()
        return picture.copy()


async def _tree(browser: Any, reply: Any) -> Any:
    return (await browser.get(f"/backend-api/conversation/{reply.conversation_id}")).json


async def _finished(browser: Any, reply: Any) -> Any:
    for _ in range(300):
        tree = await _tree(browser, reply)
        if tree["async_status"] != 3:
            return tree
        await asyncio.sleep(0.02)
    raise AssertionError("the picture never came")


def _png(size: tuple[int, int], *, ocr: str = "") -> bytes:
    buffer, said = io.BytesIO(), PngImagePlugin.PngInfo()
    said.add_text("ocr", ocr)
    Image.new("RGB", size, "red").save(buffer, "PNG", pnginfo=said)
    return buffer.getvalue()


def _showing(browser: Any, file_id: str, words: str) -> Any:
    """A message that shows an uploaded picture."""
    pointer = {"content_type": "image_asset_pointer", "asset_pointer": f"file-service://{file_id}", "size_bytes": 10}
    message = browser.body("x")["messages"][0]
    message["content"] = {"content_type": "multimodal_text", "parts": [pointer, words]}
    message["metadata"] = {"attachments": [{"id": file_id, "mimeType": "image/png", "name": "in.png", "size": 10}]}
    return message


async def _upload(browser: Any, content: bytes) -> str:
    created = {"file_name": "in.png", "file_size": len(content), "use_case": "multimodal"}
    slot = (await browser.post("/backend-api/files", created)).json
    headers = {"content-type": "image/png", "x-ms-blob-type": "BlockBlob", "x-ms-version": "2020-04-08"}
    assert (await browser.call("PUT", slot["upload_url"], content, headers=headers)).status == 201
    assert (await browser.post(f"/backend-api/files/{slot['file_id']}/uploaded", {})).status == 200
    return str(slot["file_id"])
