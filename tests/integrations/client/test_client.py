"""The client against a server of real sockets that answers what a test says."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from integrations.client import BridgeClient, ClientError
from tests.fakes.http import Answer, FakeBridge, fake_bridge


@pytest.fixture
def server() -> Iterator[FakeBridge]:
    with fake_bridge() as running:
        yield running


@pytest.fixture
def client(server: FakeBridge) -> Iterator[BridgeClient]:
    with BridgeClient(server.base_url, "the-key", silence_seconds=2) as opened:
        yield opened


def test_the_key_goes_with_every_request_and_health_lies_outside_v1(server: FakeBridge, client: BridgeClient) -> None:
    server.says({"ok": True, "accounts": ["free"]})
    assert client.health().accounts == ("free",)
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.headers["authorization"]) == ("GET", "/health", "Bearer the-key")


def test_a_chat_is_sent_as_given_and_its_unknown_fields_are_kept(server: FakeBridge, client: BridgeClient) -> None:
    body = {"id": "chatcmpl_1", "choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "new": 1}
    server.says(body)
    answer = client.chat({"model": "auto", "messages": []})
    assert answer.text == "hi"
    assert answer.as_sent() == body
    (asked,) = server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.body == {"model": "auto", "messages": [], "stream": False}


def test_an_error_answer_has_its_code_fault_advice_and_request_id(server: FakeBridge, client: BridgeClient) -> None:
    error = {"code": "rate_limited", "fault": "upstream", "message": "slow down", "action": "Wait.", "retryable": True}
    server.says({"error": error}, 429)
    with pytest.raises(ClientError) as raised:
        client.models()
    failure = raised.value.failure
    assert (failure.code, failure.fault, failure.action, failure.retryable) == (
        "rate_limited",
        "upstream",
        "Wait.",
        True,
    )
    assert (raised.value.status, raised.value.request_id) == (429, "req_1")


def test_a_late_failure_is_an_error_object_before_a_broken_end(server: FakeBridge, client: BridgeClient) -> None:
    server.otherwise = Answer(b'  \n {"error": {"code": "upstream_error", "message": "it broke"}}', cut=True)
    with pytest.raises(ClientError, match="it broke"):
        client.image({"prompt": "x"})


def test_an_answer_that_is_cut_is_no_answer(server: FakeBridge, client: BridgeClient) -> None:
    server.otherwise = Answer(b'{"created": 1, "da', cut=True)
    with pytest.raises(ClientError) as raised:
        client.image({"prompt": "x"})
    assert raised.value.failure.code == "connection_lost"


def test_a_stream_yields_its_pieces_and_then_knows_its_names(server: FakeBridge, client: BridgeClient) -> None:
    def chunk(delta: dict[str, str], finish: str | None = None) -> str:
        choices = [{"delta": delta, "finish_reason": finish}]
        return json.dumps({"id": "c1", "model": "auto", "chatgpt_operation_id": "op", "choices": choices})

    server.streams(
        chunk({"role": "assistant"}), chunk({"content": "Hel"}), chunk({"content": "lo"}), chunk({}, "stop"), "[DONE]"
    )
    stream = client.stream_chat({"messages": []})
    assert list(stream) == ["Hel", "lo"]
    assert (stream.id, stream.operation_id, stream.finish_reason) == ("c1", "op", "stop")
    assert server.asked[0].body["stream"] is True


def test_an_error_object_in_a_stream_is_an_error(server: FakeBridge, client: BridgeClient) -> None:
    server.streams('{"choices": []}', '{"error": {"code": "stream_interrupted", "message": "gone"}}')
    with pytest.raises(ClientError, match="gone"):
        list(client.stream_chat({"messages": []}))


def test_a_stream_without_its_end_is_an_error(server: FakeBridge, client: BridgeClient) -> None:
    server.streams('{"choices": [{"delta": {"content": "half"}}]}')
    with pytest.raises(ClientError) as raised:
        list(client.stream_chat({"messages": []}))
    assert raised.value.failure.code == "connection_lost"


def test_an_operation_id_is_one_path_segment(server: FakeBridge, client: BridgeClient) -> None:
    server.says({"object": "chatgpt.operation", "operation": {"id": "a/b", "kind": "image", "state": "running"}})
    assert client.operation("a/b").state == "running"
    assert client.cancel("a/b").kind == "image"
    assert [(asked.method, asked.path) for asked in server.asked] == [
        ("GET", "/v1/chatgpt/operations/a%2Fb"),
        ("POST", "/v1/chatgpt/operations/a%2Fb/cancel"),
    ]


def test_a_download_link_is_asked_for_at_the_clients_own_server(server: FakeBridge, client: BridgeClient) -> None:
    server.sends(b"bytes", "image/png")
    assert client.download("https://bridge.example/v1/chatgpt/files/ab/x.png?sig=1") == (b"bytes", "image/png")
    assert server.asked[0].path == "/v1/chatgpt/files/ab/x.png?sig=1"


def test_an_account_call_says_what_it_wants(server: FakeBridge, client: BridgeClient) -> None:
    server.says({"saved": True, "live_verify": "ok"})
    assert client.save_capture("me", "curl ...", verify=False, replace=True).saved
    assert server.asked[0].body == {"account": "me", "capture_text": "curl ...", "verify": False, "replace": True}


def test_what_is_not_the_bridge_is_said(server: FakeBridge, client: BridgeClient) -> None:
    server.otherwise = Answer(b"<html>no</html>", 404, "text/html")
    with pytest.raises(ClientError) as raised:
        client.models()
    assert raised.value.failure.code == "not_the_bridge"


def test_nobody_listening_is_said_in_one_line() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with BridgeClient(f"http://127.0.0.1:{port}/v1") as client, pytest.raises(ClientError) as raised:
        client.health()
    assert raised.value.failure.code == "server_unreachable"
    assert f"no bridge answers at http://127.0.0.1:{port}/v1" in str(raised.value)


def test_an_address_may_leave_out_the_version() -> None:
    addresses = ("http://localhost:8000", "http://localhost:8000/", "http://localhost:8000/v1/")
    assert {BridgeClient(address).base_url for address in addresses} == {"http://localhost:8000/v1"}


@pytest.mark.parametrize("base_url", ["nonsense", "ftp://x/v1", "http://"])
def test_an_address_that_is_none_is_an_error_too(base_url: str) -> None:
    with BridgeClient(base_url) as client, pytest.raises(ClientError) as raised:
        client.models()
    assert raised.value.failure.code == "server_unreachable"


def test_silence_longer_than_allowed_is_a_timeout() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/v1"
        with BridgeClient(url, silence_seconds=0.2) as client, pytest.raises(ClientError) as raised:
            client.models()
    assert raised.value.failure.code == "client_timeout"
