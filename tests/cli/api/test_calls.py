from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.http import FakeBridge

CHAT = {
    "id": "chatcmpl_1",
    "model": "auto",
    "choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}],
    "chatgpt_account": "plus",
}


def test_chat_prints_its_context_and_then_the_text(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    bridge.says(CHAT)
    shown = command("api", "chat", "-m", "hi", "--system", "Be brief.", "--account", "plus", "--no-temporary-chat")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == "id=chatcmpl_1\nmodel=auto\naccount=plus\n\nHello.\n"
    assert bridge.asked[0].body == {
        "model": "auto",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        "chatgpt_account": "plus",
        "metadata": {"chatgpt_temporary_chat": False},
        "stream": False,
    }


def test_chat_json_is_the_servers_answer(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    bridge.says(CHAT)
    assert json.loads(command("api", "chat", "-m", "hi", "--json").out) == CHAT


def test_a_streamed_chat_prints_the_pieces_alone(
    bridge: FakeBridge, command: Callable[..., Any], tmp_path: Path
) -> None:
    def chunk(text: str) -> str:
        return json.dumps({"id": "c", "chatgpt_operation_id": "op_1", "choices": [{"delta": {"content": text}}]})

    bridge.streams(chunk("Hel"), chunk("lo."), "[DONE]")
    shown = command("api", "chat", "-m", "hi", "--stream", "--output", str(tmp_path / "answer.txt"))
    assert (shown.status, shown.out, shown.err) == (0, "Hello.\n", "operation_id=op_1\n")
    assert (tmp_path / "answer.txt").read_text() == "Hello."


def test_a_chat_without_words_is_1(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    bridge.says({"id": "c", "choices": [{"message": {"content": ""}}]})
    assert command("api", "chat", "-m", "hi").status == 1


def test_an_error_in_a_stream_is_2_after_what_had_come(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    bridge.streams(
        '{"choices": [{"delta": {"content": "Hel"}}]}',
        '{"error": {"code": "stream_interrupted", "fault": "upstream", "message": "it broke", "action": "Again."}}',
    )
    shown = command("api", "chat", "-m", "hi", "--stream")
    assert (shown.status, shown.out) == (2, "Hel")
    assert shown.err.startswith("error: it broke [stream_interrupted; at fault: ChatGPT]\nwhat to do: Again.\n")


def test_image_prints_where_it_is(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    url = f"{bridge.base_url}/chatgpt/files/ab/x.png"
    bridge.says(
        {"created": 1, "data": [{"url": url, "file_id": "ab"}], "chatgpt_operation_id": "op", "chatgpt_account": "pro"}
    )
    shown = command("api", "image", "-p", "a cat", "--size", "1024x1024", "--accounts", "pro, plus")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == f"account=pro\noperation_id=op\nurl[0]={url}\nfile_id[0]=ab\n"
    assert bridge.asked[0].body == {
        "prompt": "a cat",
        "model": "auto",
        "response_format": "url",
        "size": "1024x1024",
        "chatgpt_accounts": ["pro", "plus"],
    }


@pytest.mark.parametrize(
    ("filename", "options", "expected"),
    [
        ("cat.png", ["--output-dir", "pictures"], "pictures/cat.png"),
        ("../../evil.png", ["--output-dir", "pictures"], "pictures/evil.png"),
        (None, ["--output-dir", "pictures"], "pictures/image-1.png"),
        ("cat.png", ["--output-path", "mine"], "mine.png"),
        ("cat.png", ["--output-path", "mine.webp"], "mine.webp"),
    ],
)
def test_a_picture_is_saved_on_this_machine(
    bridge: FakeBridge,
    command: Callable[..., Any],
    tmp_path: Path,
    filename: str | None,
    options: list[str],
    expected: str,
) -> None:
    bridge.says({"data": [{"url": f"{bridge.base_url}/chatgpt/files/ab", "filename": filename}]})
    bridge.sends(b"\x89PNG", "image/png", path="/v1/chatgpt/files/ab")
    shown = command("api", "image", "-p", "a cat", *options)
    assert shown.status == 0
    assert f"local_path[0]={expected}\n" in shown.out
    assert (tmp_path / expected).read_bytes() == b"\x89PNG"
    assert not {"output_path", "output_dir"} & set(bridge.asked[0].body)


def test_pictures_in_base64_are_saved_without_another_request(
    bridge: FakeBridge, command: Callable[..., Any], tmp_path: Path
) -> None:
    bridge.says(
        {"data": [{"b64_json": base64.b64encode(b"one").decode()}, {"b64_json": base64.b64encode(b"2").decode()}]}
    )
    shown = command("api", "image", "-p", "x", "--response-format", "b64_json", "--output-path", "cat.png", "--json")
    assert json.loads(shown.out)["local_paths"] == ["cat-1.png", "cat-2.png"]
    assert (tmp_path / "cat-1.png").read_bytes() == b"one"
    assert len(bridge.asked) == 1


def test_several_pictures_are_asked_for_and_what_failed_is_told(
    bridge: FakeBridge, command: Callable[..., Any], tmp_path: Path
) -> None:
    made = {"b64_json": base64.b64encode(b"one").decode(), "content_type": "image/webp"}
    failed = {"index": 1, "state": "failed", "error": {"code": "image_no_asset", "message": "it said no"}}
    bridge.says({"data": [made], "chatgpt_failed": [failed]})
    options = ("-n", "2", "--background", "opaque", "--output-format", "webp", "--output-path", "cat")
    shown = command("api", "image", "-p", "x", *options)
    assert (shown.status, shown.err) == (0, "warning: picture 2 failed: it said no\n")
    assert (tmp_path / "cat.webp").read_bytes() == b"one"
    body = bridge.asked[0].body
    assert (body["n"], body["background"], body["output_format"]) == (2, "opaque", "webp")


def test_operation_prints_how_it_stands(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    operation = {
        "id": "op",
        "kind": "image",
        "state": "failed",
        "account": "pro",
        "created_at": 1_763_900_000.25,
        "cancel_requested": True,
        "completed": True,
        "last_cancel_result": {"pending": "provider_not_selected"},
        "error": {"code": "image_no_asset", "message": "it said no", "action": "Change the prompt."},
        "artifacts": [{"file_id": "ab", "download_url": "http://x/ab"}],
    }
    bridge.says({"object": "chatgpt.operation", "operation": operation})
    shown = command("api", "operation", "--operation-id", "op")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == (
        "id=op\nkind=image\nstate=failed\naccount=pro\ncreated_at=2025-11-23T12:13:20.250+00:00\n"
        'cancel_requested=yes\ncompleted=yes\nlast_cancel_result={"pending": "provider_not_selected"}\n'
        "error=image_no_asset\nerror_message=it said no\nwhat_to_do=Change the prompt.\nartifact[0]=http://x/ab\n"
    )


def test_cancel_prints_how_it_stands_then(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    operation = {"id": "op", "kind": "image", "state": "cancelled"}
    bridge.says({"operation": operation})
    shown = command("api", "cancel", "--operation-id", "op", "--json")
    assert json.loads(shown.out) == operation
    assert (bridge.asked[0].method, bridge.asked[0].path) == ("POST", "/v1/chatgpt/operations/op/cancel")


def test_an_unknown_operation_is_2(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    bridge.fails("not_found", 404, "no operation 'x'", "Check the id or the path.")
    shown = command("api", "operation", "--operation-id", "x")
    assert (shown.status, shown.out) == (2, "")
    assert shown.err.startswith("error: no operation 'x' [not_found; at fault: the request]\n")
