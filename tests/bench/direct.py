"""The time to the first token without anything in between: one conversation POST with a token fetched before."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
import uuid

import aiohttp


async def first_token_ms(url: str, authorization: str, count: int) -> float:
    """Median over `count` turns, in milliseconds."""
    seen: list[float] = []
    headers = {"authorization": authorization, "user-agent": "direct", "content-type": "application/json"}
    async with aiohttp.ClientSession(url, headers=headers) as session:
        for _ in range(count):
            async with session.post("/backend-api/sentinel/chat-requirements", json={"p": None}) as needed:
                token = (await needed.json())["token"]
            message = {
                "id": str(uuid.uuid4()),
                "author": {"role": "user"},
                "content": {"content_type": "text", "parts": ["Say hello"]},
            }
            body = {
                "action": "next",
                "messages": [message],
                "parent_message_id": "client-created-root",
                "model": "auto",
                "client_prepare_state": "none",
                "supported_encodings": ["v1"],
            }
            await asyncio.sleep(0.05)
            started = time.perf_counter()
            sent = {"accept": "text/event-stream", "openai-sentinel-chat-requirements-token": token}
            async with session.post("/backend-api/f/conversation", json=body, headers=sent) as answer:
                read = b""
                async for piece in answer.content.iter_any():
                    read += piece
                    if b'"o":"append"' in read or b'"o": "append"' in read:
                        seen.append(time.perf_counter() - started)
                        break
                await answer.read()
    return statistics.median(seen) * 1000


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(first_token_ms(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
