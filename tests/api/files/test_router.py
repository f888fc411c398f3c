"""Downloads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.api_key import ensure_link_key
from api.links import LinkSigner
from tests.fakes.server import Served, complete, open_server
from tests.fakes.upstream import png


@dataclass
class Kept:
    """A file on a server. `url` is its signed link, `plain` its address alone."""

    url: str
    plain: str
    path: Path
    content: bytes


async def keep(served: Served) -> Kept:
    async with served.client() as client:
        body = {"prompt": 'Größe "ม้า"', "chatgpt_operation_id": "one"}
        await client.post("/v1/images/generations", json=body, headers={"prefer": "respond-async"})
    await complete(served, "one")
    (artifact,) = (await served.bridge.operations.find("one")).artifacts
    _, path = await served.bridge.artifacts.get(artifact.file_id)
    async with served.client() as client:
        shown = (await client.get("/v1/chatgpt/operations/one")).json()["operation"]["artifacts"][0]["download_url"]
    return Kept(shown.removeprefix(served.url), f"/v1/chatgpt/files/{artifact.file_id}", path, png())


@pytest.fixture
async def kept(served: Served) -> Kept:
    return await keep(served)


@pytest.fixture
async def anybody(served: Served) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a key."""
    async with served.client(None) as opened:
        yield opened


async def test_a_file_is_sent_whole_to_whoever_has_its_link(kept: Kept, anybody: httpx2.AsyncClient) -> None:
    answer = await anybody.get(kept.url)
    named = await anybody.get(f"{kept.plain}/any-name.png?{kept.url.partition('?')[2]}")

    assert answer.content == named.content == kept.content
    assert answer.headers["content-type"] == "image/png"
    assert int(answer.headers["content-length"]) == len(kept.content)
    assert answer.headers["cache-control"] == "private, max-age=31536000"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["accept-ranges"] == "bytes"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('inline; filename="')
    assert "filename*=UTF-8''" in disposition


async def test_head_sends_the_same_headers_and_no_body(kept: Kept, anybody: httpx2.AsyncClient) -> None:
    head, get = await anybody.head(kept.url), await anybody.get(kept.url)

    ignored = {"x-request-id", "date"}
    assert head.content == b""
    assert {n: v for n, v in head.headers.items() if n not in ignored} == {
        n: v for n, v in get.headers.items() if n not in ignored
    }


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-7", slice(0, 8)),
        ("bytes=8-", slice(8, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=4-100000", slice(4, None)),
        ("bytes=-100000", slice(0, None)),
        ("Bytes= 1 - 1", slice(1, 2)),
    ],
)
async def test_a_range_is_sent_alone(kept: Kept, anybody: httpx2.AsyncClient, header: str, part: slice) -> None:
    answer = await anybody.get(kept.url, headers={"range": header})

    assert (answer.status_code, answer.content) == (206, kept.content[part])
    first = part.indices(len(kept.content))[0]
    last = first + len(answer.content) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(kept.content)}"


@pytest.mark.parametrize("header", ["bytes=", "bytes=-", "bytes=5-2", "lines=1-2", "bytes=0-1,3-4", "x"])
async def test_what_is_no_single_range_is_passed_over(kept: Kept, anybody: httpx2.AsyncClient, header: str) -> None:
    answer = await anybody.get(kept.url, headers={"range": header})

    assert (answer.status_code, answer.content) == (200, kept.content)


@pytest.mark.parametrize("header", ["bytes=100000-", "bytes=-0"])
async def test_a_range_behind_the_end_is_a_416(kept: Kept, anybody: httpx2.AsyncClient, header: str) -> None:
    answer = await anybody.get(kept.url, headers={"range": header})

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(kept.content)}"
    assert answer.json()["error"]["param"] == "Range"


async def test_who_has_it_already_gets_a_304(kept: Kept, anybody: httpx2.AsyncClient) -> None:
    etag = (await anybody.get(kept.url)).headers["etag"]

    for header in (etag, f'"other", W/{etag}', "*"):
        answer = await anybody.get(kept.url, headers={"if-none-match": header})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert (await anybody.get(kept.url, headers={"if-none-match": '"other"'})).status_code == 200


async def test_a_range_of_an_older_file_is_answered_with_the_whole(kept: Kept, anybody: httpx2.AsyncClient) -> None:
    etag = (await anybody.get(kept.url)).headers["etag"]

    same = await anybody.get(kept.url, headers={"range": "bytes=0-1", "if-range": etag})
    older = await anybody.get(kept.url, headers={"range": "bytes=0-1", "if-range": '"older"'})

    assert (same.status_code, older.status_code) == (206, 200)


async def test_an_unknown_id_is_a_404_and_a_lost_file_a_410(
    kept: Kept, anybody: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    kept.path.unlink()

    unknown, gone = await client.get("/v1/chatgpt/files/" + "0" * 32), await anybody.get(kept.url)

    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "not_found")
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "gone")


async def test_nothing_is_written_without_the_key(kept: Kept, anybody: httpx2.AsyncClient) -> None:
    assert (await anybody.post(kept.url)).status_code == 401


async def test_a_file_is_there_after_a_restart(tmp_path: Path) -> None:
    async with open_server(tmp_path) as before:
        kept = await keep(before)
    async with open_server(tmp_path) as after, after.client(None) as client:
        assert (await client.get(kept.url)).content == kept.content


async def test_without_a_key_and_without_a_signature_nothing_is_sent(kept: Kept, anybody: httpx2.AsyncClient) -> None:
    plain = await anybody.get(kept.plain)
    unknown = await anybody.get("/v1/chatgpt/files/" + "0" * 32)

    assert (plain.status_code, plain.json()["error"]["code"]) == (401, "api_key_missing")
    assert unknown.json() == plain.json()


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url[:-1] + ("A" if url[-1] != "A" else "B"),
        lambda url: url.replace("expires=", "expires=9"),
        lambda url: url.partition("&")[0],
        lambda url: url.replace("expires=", "expires=x"),
        lambda url: url.replace("signature=", "signature=%D0%BA"),
    ],
)
async def test_a_link_that_was_changed_opens_nothing(kept: Kept, anybody: httpx2.AsyncClient, change: Any) -> None:
    answer = await anybody.get(change(kept.url))

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "api_key_missing")


async def test_a_link_of_one_file_opens_no_other(kept: Kept, anybody: httpx2.AsyncClient) -> None:
    other = f"/v1/chatgpt/files/{'0' * 32}?{kept.url.partition('?')[2]}"

    assert (await anybody.get(other)).status_code == 401


async def test_a_link_is_over_at_its_end_and_the_key_still_opens_the_file(
    served: Served, kept: Kept, anybody: httpx2.AsyncClient, client: httpx2.AsyncClient
) -> None:
    file_id = kept.plain.rpartition("/")[2]
    over = LinkSigner(ensure_link_key(served.services.settings.storage), timedelta(seconds=-5))
    url = f"{kept.plain}?{over.query(file_id)}"

    refused, by_key = await anybody.get(url), await client.get(kept.plain)

    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "link_expired")
    assert by_key.content == kept.content


async def test_a_link_that_is_asked_for_again_is_the_same(kept: Kept, client: httpx2.AsyncClient) -> None:
    shown = (await client.get("/v1/chatgpt/operations/one")).json()["operation"]["artifacts"][0]["download_url"]

    assert shown.endswith(kept.url)


async def test_plain_links_are_for_this_machine_alone(tmp_path: Path) -> None:
    async with open_server(tmp_path, plain_links=True, allowed_hosts="lan.example") as served:
        kept = await keep(served)
        async with served.client(None) as anybody:
            here = await anybody.get(kept.plain)
            elsewhere = await anybody.get(kept.plain, headers={"host": "lan.example"})
            forwarded = await anybody.get(kept.plain, headers={"x-forwarded-for": "192.0.2.1"})
            page = await anybody.get(kept.plain, headers={"origin": "https://evil.example"})

    assert "signature" not in kept.url
    assert here.content == kept.content
    assert (elsewhere.status_code, forwarded.status_code, page.status_code) == (401, 401, 403)


async def test_a_signed_link_works_from_any_page(kept: Kept, anybody: httpx2.AsyncClient) -> None:
    answer = await anybody.get(kept.url, headers={"origin": "https://chat.example"})

    assert answer.content == kept.content
    assert answer.headers["access-control-allow-origin"] == "*"
