"""`/v1/files` over a real socket, read by the vendor's own models and client."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai.types import FileDeleted, FileObject

from core.contracts.keys import AccessScope, KeyTerms
from tests.fakes.server import KEY, Served, complete, open_server
from tests.fakes.upstream import mask, png
from tests.fakes.vendor import strict

FILES = "/v1/files"
EDITS = "/v1/images/edits"
ASYNC = {"prefer": "respond-async"}
DOCUMENTS = [
    ("report.pdf", b"%PDF-1.7\n", "application/pdf"),
    ("notes.txt", b"hello\n", "text/plain"),
    ("notes.md", b"# hello\n", "text/markdown"),
    ("table.csv", b"a,b\n1,2\n", "text/csv"),
    ("data.json", b"{}", "application/json"),
    (
        "letter.docx",
        b"PK\x03\x04rest",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("red.png", png("red"), "image/png"),
]


async def post(client: httpx2.AsyncClient, content: bytes = b"hello\n", name: str = "a.txt", **data: str) -> Any:
    """Upload a file; the answer's body."""
    fields = {"purpose": "user_data", **data}
    return (await client.post(FILES, data=fields, files={"file": (name, content)})).json()


async def picture(served: Served, client: httpx2.AsyncClient) -> str:
    """A picture that was made here; its id."""
    body = {"prompt": "A heron", "chatgpt_operation_id": "made"}
    await client.post("/v1/images/generations", json=body, headers=ASYNC)
    await complete(served, "made")
    (artifact,) = (await served.bridge.operations.find("made")).artifacts
    return str(artifact.file_id)


@pytest.mark.parametrize(("name", "content", "kind"), DOCUMENTS)
async def test_every_kind_of_file_goes_in_and_comes_out(
    client: httpx2.AsyncClient, name: str, content: bytes, kind: str
) -> None:
    made = await post(client, content, name)

    file = strict(FileObject, made)
    shown = strict(FileObject, (await client.get(f"{FILES}/{file.id}")).json())
    answer = await client.get(f"{FILES}/{file.id}/content")
    part = await client.get(f"{FILES}/{file.id}/content", headers={"range": "bytes=1-2"})
    again = await client.get(f"{FILES}/{file.id}/content", headers={"if-none-match": answer.headers["etag"]})
    assert (file.filename, file.bytes, file.purpose, file.status) == (name, len(content), "user_data", "processed")
    assert made["content_type"] == kind
    assert "expires_at" not in made
    assert shown == file
    assert (answer.content, answer.headers["content-type"].partition(";")[0]) == (content, kind)
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{name}"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (part.status_code, part.content) == (206, content[1:3])
    assert again.status_code == 304


async def test_the_vendors_client_does_all_of_it(served: Served) -> None:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0) as vendor:
        after = {"anchor": "created_at", "seconds": 3600}
        first = await vendor.files.create(file=("one.txt", b"one"), purpose="assistants", expires_after=after)  # type: ignore[arg-type]
        second = await vendor.files.create(file=Path(__file__), purpose="user_data")
        ready = await vendor.files.wait_for_processing(second.id)
        pages = [file.id async for file in await vendor.files.list(limit=1)]
        named = [file.id async for file in await vendor.files.list(purpose="assistants", order="asc")]
        content = await vendor.files.content(first.id)
        gone = await vendor.files.delete(first.id)
        with pytest.raises(openai.NotFoundError) as missing:
            await vendor.files.retrieve(first.id)

    assert first.expires_at == first.created_at + 3600
    assert (second.filename, ready.status) == (Path(__file__).name, "processed")
    assert (pages, named) == ([second.id, first.id], [first.id])
    assert content.content == b"one"
    assert (gone.deleted, missing.value.code) == (True, "not_found")


async def test_a_synchronous_client_does_too(served: Served) -> None:
    def work() -> bytes:
        with openai.OpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0) as vendor:
            file = vendor.files.create(file=("one.txt", b"one"), purpose="user_data")
            return vendor.files.content(file.id).read()

    assert await asyncio.to_thread(work) == b"one"


async def test_what_was_made_is_a_file_as_well(served: Served, client: httpx2.AsyncClient) -> None:
    made = await picture(served, client)
    sent = await post(client)

    page = (await client.get(FILES, params={"order": "asc"})).json()
    shown = page["data"][0]
    strict(FileObject, shown)
    assert ([file["id"] for file in page["data"]], page["has_more"]) == ([f"file-{made}", sent["id"]], False)
    assert (page["first_id"], page["last_id"]) == (f"file-{made}", sent["id"])
    assert (shown["purpose"], shown["chatgpt_origin"]) == ("assistants_output", "made")
    assert shown["chatgpt_operation_id"] == "made"
    for name in (made, f"file-{made}"):
        assert (await client.get(f"{FILES}/{name}/content")).content == png()
    deleted = (await client.delete(f"{FILES}/file-{made}")).json()
    assert strict(FileDeleted, deleted).id == f"file-{made}"
    assert (await client.get(f"{FILES}/{made}")).status_code == 404
    assert (await client.get("/v1/chatgpt/operations/made")).json()["operation"]["artifacts"] == []


async def test_an_empty_list_is_one(client: httpx2.AsyncClient) -> None:
    page = (await client.get(FILES)).json()

    assert page == {"object": "list", "data": [], "first_id": "", "last_id": "", "has_more": False}


async def test_a_file_is_used_wherever_a_picture_is_read(served: Served, client: httpx2.AsyncClient) -> None:
    made = await picture(served, client)
    sent, masking = (await post(client, png("red"), "r.png"))["id"], (await post(client, mask(), "m.png"))["id"]
    for image in (sent, sent.removeprefix("file-"), made, f"file-{made}"):
        body = {"prompt": "Red.", "images": [{"file_id": image}], "mask": {"file_id": masking}}
        assert (await client.post(EDITS, json=body, headers=ASYNC)).status_code == 202, image
    seen = await client.post("/v1/chatgpt/vision", json={"image": {"file_id": sent}}, headers=ASYNC)

    assert seen.status_code == 202
    rows = (await served.bridge.operations.list("primary")).items
    assert [row.request["inputs"][0]["name"] for row in rows if row.kind == "edit"][-1] == "r.png"


async def test_what_was_taken_of_a_file_outlives_it(served: Served, client: httpx2.AsyncClient) -> None:
    sent = (await post(client, png("red"), "r.png"))["id"]
    answer = await client.post(EDITS, json={"prompt": "Red.", "image": {"file_id": sent}}, headers=ASYNC)
    await client.delete(f"{FILES}/{sent}")

    row = await served.bridge.operations.find(answer.json()["operation"]["id"])
    later = await client.post(EDITS, json={"prompt": "Red.", "image": {"file_id": sent}})
    (kept,) = row.request["inputs"]
    assert (later.status_code, later.json()["error"]["param"]) == (404, "image.file_id")
    assert (served.services.settings.storage.inputs_dir / kept["sha256"][:2] / kept["sha256"]).is_file()


async def test_a_document_is_no_picture(client: httpx2.AsyncClient) -> None:
    sent = (await post(client))["id"]

    answer = await client.post(EDITS, json={"prompt": "Red.", "image": {"file_id": sent}})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_image")


async def key_of(served: Served, *scopes: AccessScope) -> str:
    made = await served.bridge.keys.create(KeyTerms(name="other", scopes=scopes), actor="test")
    return str(made.value)


async def test_another_keys_files_are_not_there(served: Served, client: httpx2.AsyncClient) -> None:
    sent, made = (await post(client, png("red"), "r.png"))["id"], await picture(served, client)
    async with served.client(await key_of(served, AccessScope.IMAGES)) as other:
        for name in (sent, f"file-{made}"):
            for method, path in (("GET", ""), ("GET", "/content"), ("DELETE", "")):
                answer = await other.request(method, f"{FILES}/{name}{path}")
                assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
            edit = await other.post(EDITS, json={"prompt": "Red.", "image": {"file_id": name}})
            assert edit.status_code == 404
        assert (await other.get(FILES)).json()["data"] == []
        assert (await other.get(FILES, params={"after": sent})).status_code == 400

    assert (await client.get(f"{FILES}/{sent}")).status_code == 200


async def test_a_key_that_begins_no_work_keeps_no_files(served: Served) -> None:
    async with served.client(await key_of(served, AccessScope.READ)) as client:
        answer = await client.post(FILES, data={"purpose": "user_data"}, files={"file": ("a", b"x")})
        listed = await client.get(FILES)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "missing_scope")
    assert listed.status_code == 200


BAD: list[tuple[dict[str, str], dict[str, Any], str]] = [
    ({}, {"file": ("a", b"x")}, "purpose"),
    ({"purpose": "evals"}, {"file": ("a", b"x")}, "purpose"),
    ({"purpose": "user_data"}, {}, "file"),
    ({"purpose": "user_data", "file": "text"}, {}, "file"),
    ({"purpose": "user_data"}, {"document": ("a", b"x")}, "file"),
    ({"purpose": "user_data"}, {"file": ("a", b"")}, "file"),
    ({"purpose": "user_data", "expires_after[seconds]": "3600"}, {"file": ("a", b"x")}, "expires_after.anchor"),
    (
        {"purpose": "user_data", "expires_after[anchor]": "created_at", "expires_after[seconds]": "60"},
        {"file": ("a", b"x")},
        "expires_after.seconds",
    ),
    (
        {"purpose": "user_data", "expires_after[anchor]": "created_at", "expires_after[seconds]": "soon"},
        {"file": ("a", b"x")},
        "expires_after.seconds",
    ),
]


@pytest.mark.parametrize(("data", "files", "param"), BAD)
async def test_a_wrong_upload_names_its_field_and_leaves_nothing(
    served: Served, client: httpx2.AsyncClient, data: dict[str, str], files: dict[str, Any], param: str
) -> None:
    answer = await client.post(FILES, data=data, files=files or {"x": (None, "y")})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not lying(served)


def lying(served: Served) -> list[Path]:
    return [path for path in served.services.settings.storage.files_dir.rglob("*") if path.is_file()]


async def test_what_is_no_form_is_refused(client: httpx2.AsyncClient) -> None:
    for headers in ({"content-type": "application/json"}, {"content-type": "multipart/form-data"}, {}):
        answer = await client.post(FILES, content=json.dumps({"purpose": "user_data"}).encode(), headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")
    cut = await client.post(FILES, content=b"--b\r\n", headers={"content-type": "multipart/form-data; boundary=b"})
    assert cut.status_code == 400


async def test_too_much_is_refused_wherever_it_shows(tmp_path: Path) -> None:
    limits = {"max_file_bytes": 1024, "quota_bytes": 2000}
    async with open_server(tmp_path, files=limits, max_body_bytes=1024) as served, served.client() as client:
        fits = await post(client, b"x" * 1024)
        large = await post(client, b"x" * 1025)
        sent = (f"POST {FILES} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {KEY}", "Content-Length: 1048576")
        huge = await served.raw(*sent)
        chatty = await post(client, b"x", more="y" * 70_000)
        full = await post(client, b"y" * 1000)

        assert fits["bytes"] == 1024
        assert (large["error"]["code"], large["error"]["param"]) == ("request_too_large", "file")
        assert huge.startswith(b"HTTP/1.1 413")
        assert chatty["error"]["code"] == "request_too_large"
        assert full["error"]["code"] == "file_quota_exceeded"
        assert len(lying(served)) == 1


async def test_a_name_is_a_plain_one(client: httpx2.AsyncClient) -> None:
    given = ("../../etc/passwd", "a\\b\\Größe 1.tar.gz", ".env")
    names = [(await post(client, b"x", name))["filename"] for name in given]

    assert names == ["passwd", "Größe 1.tar.gz", "env"]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 10_001}, {"order": "random"}])
async def test_a_bad_query_names_its_parameter(client: httpx2.AsyncClient, query: dict[str, Any]) -> None:
    answer = await client.get(FILES, params=query)

    assert (answer.status_code, answer.json()["error"]["param"]) == (422, next(iter(query)))


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(served: Served) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    lines = [
        f"POST {FILES} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {KEY}",
        "Content-Type: multipart/form-data; boundary=b",
        "Content-Length: 1000000",
    ]
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write("\r\n".join([*lines, "", ""]).encode() + head + b"x" * 100_000)
    await writer.drain()
    for _ in range(100):
        if lying(served):
            break
        await asyncio.sleep(0.02)
    assert lying(served)
    writer.close()
    await writer.wait_closed()
    for _ in range(100):
        if not lying(served):
            break
        await asyncio.sleep(0.02)

    assert not lying(served)


async def test_a_large_file_goes_in_and_comes_out(client: httpx2.AsyncClient) -> None:
    content = base64.b64encode(bytes(range(256)) * 40_000)

    made = await post(client, content, "large.txt")

    assert made["bytes"] == len(content)
    assert (await client.get(f"{FILES}/{made['id']}/content")).content == content
