"""The yardstick: a bare FastAPI and aiohttp relay of the same three upstream calls, with nothing of the bridge."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse


def create_relay(upstream: str, authorization: str) -> FastAPI:
    """A relay that knows one account and passes upstream's stream on as it comes."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
        async with aiohttp.ClientSession(upstream, connector=connector, auto_decompress=False) as session:
            app.state.session = session
            yield

    app = FastAPI(lifespan=lifespan)
    base = {"authorization": authorization, "user-agent": "relay", "content-type": "application/json"}

    async def post(path: str, body: dict[str, object], **headers: str) -> aiohttp.ClientResponse:
        session: aiohttp.ClientSession = app.state.session
        return await session.post(path, data=json.dumps(body), headers={**base, **headers})

    async def turn(messages: list[dict[str, object]]) -> aiohttp.ClientResponse:
        body: dict[str, object] = {"action": "next", "parent_message_id": "client-created-root", "model": "auto"}
        sent = [
            {
                "id": str(uuid.uuid4()),
                "author": {"role": message["role"]},
                "content": {"content_type": "text", "parts": [message["content"]]},
            }
            for message in messages
        ]
        asked = {**body, "client_prepare_state": "none", "partial_query": sent[-1]}
        async with await post("/backend-api/f/conversation/prepare", asked) as ready:
            conduit = (await ready.json())["conduit_token"]
        async with await post("/backend-api/sentinel/chat-requirements", {"p": None}) as needed:
            token = (await needed.json())["token"]
        return await post(
            "/backend-api/f/conversation",
            {**body, "messages": sent, "client_prepare_state": "success", "supported_encodings": ["v1"]},
            **{"accept": "text/event-stream", "x-conduit-token": conduit},
            **{"openai-sentinel-chat-requirements-token": token},
        )

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> object:
        asked = await request.json()
        answer = await turn(asked["messages"])

        async def relayed() -> AsyncIterator[bytes]:
            async with answer:
                async for piece in answer.content.iter_any():
                    yield piece

        if asked.get("stream"):
            return StreamingResponse(relayed(), media_type="text/event-stream")
        return JSONResponse({"text": b"".join([piece async for piece in relayed()]).decode()})

    return app


if __name__ == "__main__":
    port, upstream_url, bearer = sys.argv[1:]
    uvicorn.run(create_relay(upstream_url, bearer), port=int(port), access_log=False, log_level="warning")
