"""What every request meets."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest

from tests.fakes.server import KEY, Served, open_server

CHAT = "/v1/chat/completions"
HELLO = {"messages": [{"role": "user", "content": "Hi"}]}


def request_head(served: Served, *more: str, path: str = CHAT, method: str = "POST") -> list[str]:
    return [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *more]


async def test_every_answer_has_a_request_id_and_a_sane_one_of_the_client_is_kept(client: httpx2.AsyncClient) -> None:
    made = await client.get("/v1/models")
    kept = await client.get("/v1/models", headers={"x-request-id": "mine-1"})
    insane = await client.get("/v1/models", headers={"x-request-id": "<script>"})
    missing = await client.get("/nowhere")
    options = await client.request("OPTIONS", "/v1/models")

    assert kept.headers["x-request-id"] == "mine-1"
    for answer in (made, insane, missing, options):
        assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    "path", ["/v1/unheard-of", "/v1/completions", "/v1/embeddings", "/", "/v1/models/none", "/v1/models/"]
)
async def test_an_unknown_path_is_a_404_that_clients_can_read(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 404
    assert set(answer.json()["error"]) >= {"message", "type", "param", "code"}
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(("method", "path"), [("GET", CHAT), ("DELETE", "/v1/models"), ("PUT", "/health")])
async def test_a_wrong_method_is_a_405_that_names_the_right_ones(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await client.request(method, path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"]


async def test_what_can_be_read_can_be_asked_for_its_headers(client: httpx2.AsyncClient) -> None:
    answer = await client.head("/v1/models")

    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=UTF-8", 200),
        ("application/vnd.api+json", 200),
        ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/json; charset=latin-1", 415),
    ],
)
async def test_a_body_has_to_be_json(client: httpx2.AsyncClient, content_type: str, status: int) -> None:
    answer = await client.post(CHAT, content=json.dumps(HELLO), headers={"content-type": content_type})

    assert answer.status_code == status


async def test_a_compressed_body_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post(CHAT, content=b"...", headers={"content-encoding": "gzip"})

    assert answer.status_code == 415


@pytest.mark.parametrize("key", [None, "wrong", KEY + "x", KEY[:-1], "ключ"])
async def test_without_the_key_nothing_is_answered(served: Served, key: str | None) -> None:
    headers = {"authorization": f"Bearer {key}".encode()} if key else {}
    async with served.client(None) as client:
        answers = [
            await client.post(CHAT, json=HELLO, headers=headers),
            await client.get("/v1/models", headers=headers),
            await client.get("/health", headers=headers),
            await client.get("/nowhere", headers=headers),
        ]

    for answer in answers:
        code = "invalid_api_key" if key else "api_key_missing"
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert not served.world.asked


async def test_the_key_is_looked_at_before_the_body_is_read(served: Served) -> None:
    answer = await served.raw(*request_head(served, "Content-Type: application/json", "Content-Length: 1000000"))

    assert answer.startswith(b"HTTP/1.1 401")


async def test_the_schemes_name_may_be_written_anyhow(served: Served) -> None:
    async with served.client(None) as client:
        answer = await client.get("/v1/models", headers={"authorization": f"bearer {KEY}"})

    assert answer.status_code == 200


async def test_a_body_that_says_it_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    async with open_server(tmp_path, max_body_bytes=2000) as served:
        lines = ["Content-Type: application/json", "Content-Length: 2001", f"Authorization: Bearer {KEY}"]
        answer = await served.raw(*request_head(served, *lines))

    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"request_too_large"' in answer


async def test_a_body_in_chunks_is_counted(tmp_path: Path) -> None:
    async with open_server(tmp_path, max_body_bytes=2000) as served:
        lines = ["Content-Type: application/json", "Transfer-Encoding: chunked", f"Authorization: Bearer {KEY}"]
        piece = b"400\r\n" + b" " * 1024 + b"\r\n"
        answer = await served.raw(*request_head(served, *lines), body=piece * 3)

    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer.lower()


async def test_what_is_not_http_is_answered_as_json(served: Served) -> None:
    answer = await served.raw("NONSENSE / HTTP/9.9 \x01")

    assert answer.startswith(b"HTTP/1.1 400")
    assert b"x-request-id: req_" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_request"


async def test_a_fault_of_ours_is_a_500_without_its_insides(
    served: Served, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise ZeroDivisionError("the inside")

    monkeypatch.setattr(served.bridge.registry, "snapshot", broken)
    answer = await client.get("/v1/models")

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert "inside" not in answer.text
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://127.0.0.1:8080", "https://[::1]"])
async def test_pages_of_this_machine_may_read_answers(client: httpx2.AsyncClient, origin: str) -> None:
    answer = await client.get("/v1/models", headers={"origin": origin})

    assert answer.headers["access-control-allow-origin"] == origin
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://[bad"])
async def test_pages_of_others_may_not(client: httpx2.AsyncClient, origin: str) -> None:
    answer = await client.get("/v1/models", headers={"origin": origin})

    assert "access-control-allow-origin" not in answer.headers


async def test_an_origin_that_the_operator_names_may(tmp_path: Path) -> None:
    async with open_server(tmp_path, cors_origins="https://app.example") as served, served.client(None) as client:
        wanted = {"origin": "https://app.example", "access-control-request-headers": "authorization,x-stainless-os"}
        answer = await client.request("OPTIONS", CHAT, headers=wanted)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["access-control-allow-headers"] == "authorization,x-stainless-os"
    assert answer.headers["content-length"] == "0"


async def test_errors_can_be_read_by_allowed_pages_too(served: Served) -> None:
    async with served.client(None) as client:
        answer = await client.get("/v1/models", headers={"origin": "http://localhost"})

    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "http://localhost"
