"""`/v1/models`."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.fakes.provider import capture
from tests.fakes.server import open_server


async def test_the_list_has_what_the_plans_offer(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/v1/models")).json()

    assert body["object"] == "list"
    assert [model["id"] for model in body["data"]] == [
        "auto",
        "auto@optimized",
        "auto@opencode",
        "gpt-5-5",
        "gpt-5-5@optimized",
        "gpt-5-5@opencode",
        "gpt-image-1",
        "chatgpt-deep-research",
    ]
    assert body["data"][0] == {"id": "auto", "object": "model", "created": 0, "owned_by": "chatgpt-web"}


@pytest.mark.parametrize("name", ["auto", "gpt-5-5", "chatgpt-web/gpt-5-5", "chatgpt-web/gpt-5-5@opencode"])
async def test_one_of_them_can_be_read(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.get(f"/v1/models/{name}")

    assert (answer.status_code, answer.json()["id"]) == (200, name)


async def test_another_is_a_404(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/models/gpt-2")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


async def test_an_account_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    captures = {"broken": "no capture", "pro": capture("pro")}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        body = (await client.get("/v1/models")).json()

    assert [model["id"] for model in body["data"] if "@" not in model["id"]] == [
        "auto",
        "gpt-5-5",
        "gpt-5-5-pro",
        "gpt-image-1",
        "chatgpt-deep-research",
    ]
