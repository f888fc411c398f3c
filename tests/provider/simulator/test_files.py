"""The file endpoints."""

from __future__ import annotations

from typing import Any

import pytest

CONTENT = b"\x89PNG not really"
BLOB = {"content-type": "image/png", "x-ms-blob-type": "BlockBlob", "x-ms-version": "2020-04-08"}


async def test_upload_goes_from_slot_to_download(browser: Any) -> None:
    slot = await _slot(browser)
    assert (await browser.call("PUT", slot["upload_url"], CONTENT, headers=BLOB)).status == 201
    confirmed = (await browser.post(f"/backend-api/files/{slot['file_id']}/uploaded", {})).json
    assert confirmed["status"] == "success"
    link = (await browser.get(f"/backend-api/files/{slot['file_id']}/download")).json
    assert (await browser.get(link["download_url"])).body == CONTENT
    assert (await browser.get(f"/backend-api/files/{slot['file_id']}")).json["retrieval_index_status"] == "success"


async def test_progress_form_of_the_confirmation(browser: Any) -> None:
    slot = await _slot(browser)
    await browser.call("PUT", slot["upload_url"], CONTENT, headers=BLOB)
    reply = await browser.post("/backend-api/files/process_upload_stream", {"file_id": slot["file_id"]})
    assert reply.body.decode().splitlines()[-1].endswith('"progress":100}')


async def test_confirmation_before_the_bytes_fails(browser: Any) -> None:
    slot = await _slot(browser)
    reply = await browser.post(f"/backend-api/files/{slot['file_id']}/uploaded", {})
    assert (reply.status, reply.json["detail"]["code"]) == (400, "file_not_uploaded")


async def test_confirmation_of_another_size_fails(browser: Any) -> None:
    slot = await _slot(browser)
    await browser.call("PUT", slot["upload_url"], CONTENT + b"more", headers=BLOB)
    assert (await browser.post(f"/backend-api/files/{slot['file_id']}/uploaded", {})).status == 400


@pytest.mark.parametrize("header", ["authorization", "cookie", "oai-device-id"])
async def test_put_refuses_credentials(simulator: Any, browser: Any, header: str) -> None:
    slot = await _slot(browser)
    reply = await browser.call("PUT", slot["upload_url"], CONTENT, headers={**BLOB, header: "secret"})
    assert reply.status == 400
    assert simulator.ledger.counts["leaks"] == 1
    assert "secret" not in str(list(simulator.ledger.leaks))


async def test_put_needs_its_own_headers(browser: Any) -> None:
    slot = await _slot(browser)
    assert (await browser.call("PUT", slot["upload_url"], CONTENT, headers={})).status == 400


async def test_put_with_a_changed_signature_is_403(browser: Any) -> None:
    slot = await _slot(browser)
    right = slot["upload_url"]
    wrong = right[:-1] + ("1" if right.endswith("0") else "0")
    reply = await browser.call("PUT", wrong, CONTENT, headers=BLOB)
    assert (reply.status, reply.headers["content-type"]) == (403, "application/xml")


async def test_slot_expires(simulator: Any, browser: Any) -> None:
    simulator.set(slot_seconds=0.0)
    slot = await _slot(browser)
    assert (await browser.call("PUT", slot["upload_url"], CONTENT, headers=BLOB)).status == 403


async def test_link_is_signed_for_one_file(browser: Any) -> None:
    links = []
    for _ in range(2):
        slot = await _slot(browser)
        await browser.call("PUT", slot["upload_url"], CONTENT, headers=BLOB)
        links.append((await browser.get(f"/backend-api/files/{slot['file_id']}/download")).json["download_url"])
    first, second = (link.partition("?")[2].split("&") for link in links)
    mixed = f"{browser.url}/backend-api/estuary/content?{first[0]}&{second[1]}&{second[2]}"
    assert (await browser.get(mixed)).status == 403


async def test_bytes_need_the_login_of_their_owner(open_browser: Any) -> None:
    simulator, plus = await open_browser()
    slot = await _slot(plus)
    await plus.call("PUT", slot["upload_url"], CONTENT, headers=BLOB)
    url = (await plus.get(f"/backend-api/files/{slot['file_id']}/download")).json["download_url"]
    pro = plus.of(simulator.capture("pro"))
    assert (await pro.get(url)).status == 403
    assert (await plus.call("GET", url, headers={})).status == 401
    assert (await pro.get(f"/backend-api/files/{slot['file_id']}/download")).status == 404


async def test_pointer_scheme_decides_the_call(browser: Any) -> None:
    reply = await browser.draw("[sim:image=inline pixels=64] a cat")
    pointer = reply.documents[2]["message"]["content"]["parts"][0]["asset_pointer"]
    identity = pointer.removeprefix("sediment://")
    conversation = reply.conversation_id
    assert (await browser.get(f"/backend-api/files/{identity}/download")).status == 404
    assert (await browser.get(f"/backend-api/files/download/{identity}")).status == 422
    assert (await browser.get(f"/backend-api/files/download/{identity}?conversation_id=other")).status == 404
    other = await browser.get(f"/backend-api/conversation/{conversation}/attachment/{identity}/download")
    assert other.json["status"] == "success"


async def test_upload_quota_ends(simulator: Any, browser: Any) -> None:
    simulator.set_account("plus", features={"file_upload": 1})
    await _slot(browser)
    body = {"file_name": "in.png", "file_size": 1, "use_case": "multimodal"}
    reply = await browser.post("/backend-api/files", body)
    assert (reply.status, reply.json["detail"]["code"]) == (429, "file_upload_limit")


async def test_malformed_slot_request_is_422(browser: Any) -> None:
    assert (await browser.post("/backend-api/files", {"file_name": "in.png"})).status == 422


async def _slot(browser: Any) -> Any:
    body = {"file_name": "in.png", "file_size": len(CONTENT), "use_case": "multimodal"}
    return (await browser.post("/backend-api/files", body)).json
