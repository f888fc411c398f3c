"""What the tests ask the API, and how they wait for it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx2

CHAT = "/v1/chat/completions"
IMAGES = "/v1/images/generations"
OPERATIONS = "/v1/chatgpt/operations"
ASYNC = {"Prefer": "respond-async"}


def chat(text: str, **more: Any) -> dict[str, Any]:
    """The body of a chat."""
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **more}


async def start_image(client: httpx2.AsyncClient, prompt: str, **more: Any) -> str:
    """Start a picture without waiting for it; its operation's id."""
    answer = await client.post(IMAGES, json={"prompt": prompt, **more}, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["operation"]["id"])


async def operation(client: httpx2.AsyncClient, operation_id: str) -> dict[str, Any]:
    """The operation now."""
    answer = await client.get(f"{OPERATIONS}/{operation_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["operation"]
    return found


async def reaches(client: httpx2.AsyncClient, operation_id: str, *states: str, seconds: float = 45) -> dict[str, Any]:
    """The operation as soon as it is in one of `states`; fails when it ends elsewhere or takes longer."""
    deadline = time.monotonic() + seconds
    while True:
        found = await operation(client, operation_id)
        if found["state"] in states:
            return found
        assert found["state"] not in ("completed", "failed", "cancelled"), found
        assert time.monotonic() < deadline, f"still {found['state']} after {seconds} s: {found}"
        await asyncio.sleep(0.1)


async def picture(client: httpx2.AsyncClient, found: dict[str, Any]) -> bytes:
    """The bytes behind a finished operation's download link."""
    answer = await client.get(found["artifacts"][0]["download_url"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("image/")
    return answer.content
