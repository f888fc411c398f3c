"""The file endpoints: slot, PUT, confirmation, link, bytes (docs/protocol.md section 2.12)."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from provider.simulator import wire
from provider.simulator.accounts import Account
from provider.simulator.blobs import Blob
from provider.simulator.door import Visit, json_object
from provider.simulator.refusals import CATALOGUE, Answer, RefusedError, coded, detail, invalid
from provider.simulator.world import World

_CREDENTIALS = ("authorization", "cookie", "openai-sentinel-chat-requirements-token", "oai-device-id")
_OTHER_HOSTS = {"127.0.0.1": "localhost", "localhost": "127.0.0.1", "::1": "localhost"}
_USE_CASES = ("multimodal", "my_files", "ace_upload")
_TRIES_OF_TROUBLE = 2


class Files:
    """The handlers."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def create(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`POST /backend-api/files`."""
        body = await json_object(request)
        for name, kind in (("file_name", str), ("file_size", int), ("use_case", str)):
            if not isinstance(body.get(name), kind):
                raise invalid(name)
        if body["use_case"] not in _USE_CASES:
            raise invalid("use_case", message=f"Input should be one of {', '.join(_USE_CASES)}")
        if not visit.account.spend("file_upload"):
            raise RefusedError(CATALOGUE["upload_limit"])
        identity = f"file_{self._world.new_id().replace('-', '')}"
        ends_at = int(time.time() + self._world.dials.slot_seconds) + 1
        blob = Blob(
            identity,
            visit.account.alias,
            body["file_name"],
            str(body.get("mime_type") or "application/octet-stream"),
            body["file_size"],
            slot_ends_at=time.monotonic() + self._world.dials.slot_seconds,
        )
        self._world.blobs.add(blob)
        signature = self._world.blobs.sign("put", identity, ends_at)
        url = f"{self._world.base_url}/__blob__/{identity}?se={ends_at}&sig={signature}"
        return web.json_response({"status": "success", "file_id": identity, "upload_url": url})

    async def put(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`PUT <upload_url>`: takes bytes and no credentials."""
        leaked = [name for name in _CREDENTIALS if name in request.headers]
        if leaked:
            self._world.ledger.leak(f"PUT {request.path}: {', '.join(leaked)}")
            raise RefusedError(_blob_error(400, "CredentialsNotAllowed"))
        if request.headers.get("x-ms-blob-type") != "BlockBlob" or "content-type" not in request.headers:
            raise RefusedError(_blob_error(400, "MissingRequiredHeader"))
        identity = request.match_info["id"]
        blob = self._world.blobs.get(identity)
        query = request.query
        if not self._world.blobs.signed("put", identity, query.get("se", ""), query.get("sig", "")):
            raise RefusedError(CATALOGUE["blob_rejected"])
        if blob is None or blob.slot_ends_at < time.monotonic():
            raise RefusedError(CATALOGUE["blob_rejected"])
        self._world.blobs.fill(blob, await request.read())
        blob.mime_type = request.headers["content-type"]
        return web.Response(status=201)

    async def uploaded(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`POST /backend-api/files/{id}/uploaded`."""
        await json_object(request)
        blob = self._own(visit.account, request.match_info["id"])
        self._confirm(blob)
        return web.json_response({"status": "success", "download_url": self._link(blob)})

    async def process(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`POST /backend-api/files/process_upload_stream`: progress as lines of JSON."""
        body = await json_object(request)
        blob = self._own(visit.account, str(body.get("file_id")))
        self._confirm(blob)
        events: tuple[dict[str, Any], ...] = (
            {"event": "file.processing.started", "file_id": blob.id, "progress": 0},
            {"event": "file.processing.completed", "file_id": blob.id, "progress": 100},
        )
        lines = "".join(f"{wire.dumps(event)}\n" for event in events)
        return web.Response(text=lines, content_type="application/x-ndjson")

    async def info(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`GET /backend-api/files/{id}`."""
        blob = self._own(visit.account, request.match_info["id"])
        status = "success" if blob.confirmed else "pending"
        described = {"id": blob.id, "name": blob.name, "size": blob.size_bytes, "mime_type": blob.mime_type}
        return web.json_response({**described, "state": "ready", "retrieval_index_status": status})

    async def link_of_upload(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`GET /backend-api/files/{id}/download`: for `file-service` pointers, that is uploads."""
        blob = self._own(visit.account, request.match_info["id"])
        if blob.conversation_id is not None:
            raise RefusedError(CATALOGUE["file_not_found"])
        return self._link_answer(blob)

    async def link_of_picture(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`GET /backend-api/files/download/{id}`, `GET …/conversation/{conversation}/attachment/{id}/download`."""
        asked = request.match_info.get("conversation") or request.query.get("conversation_id")
        if not asked:
            raise invalid("query", "conversation_id")
        blob = self._own(visit.account, request.match_info["id"])
        conversation = visit.account.conversations.readable(asked)
        if conversation is None or not (blob.conversation_id == asked or conversation.holds_file(blob.id)):
            raise RefusedError(CATALOGUE["file_not_found"])
        return self._link_answer(blob)

    async def content(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`GET /backend-api/estuary/content`: the bytes, for the account they belong to."""
        blob = self._signed_blob(request, "get")
        if blob.account != visit.account.alias:
            raise RefusedError(detail(403, "Forbidden"))
        return self._bytes(blob)

    async def foreign_content(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """The bytes on another origin, which must see no credentials."""
        leaked = [name for name in _CREDENTIALS if name in request.headers]
        if leaked:
            self._world.ledger.leak(f"GET {request.path}: {', '.join(leaked)}")
            raise RefusedError(detail(400, "Credentials were sent to another origin."))
        return self._bytes(self._signed_blob(request, "foreign"))

    def _own(self, account: Account, identity: str) -> Blob:
        blob = self._world.blobs.get(identity)
        if blob is None or blob.account != account.alias:
            raise RefusedError(CATALOGUE["file_not_found"])
        return blob

    def _confirm(self, blob: Blob) -> None:
        if blob.content is None:
            raise RefusedError(coded(400, "file_not_uploaded", "The file was not uploaded."))
        if len(blob.content) != blob.size_bytes:
            raise RefusedError(coded(400, "file_size_mismatch", "The file has another size than was announced."))
        blob.confirmed = True

    def _link_answer(self, blob: Blob) -> web.StreamResponse:
        blob.asked += 1
        first_tries = blob.asked <= _TRIES_OF_TROUBLE
        if blob.trouble == "gone" or (blob.trouble == "404" and first_tries) or blob.content is None:
            raise RefusedError(CATALOGUE["file_not_found"])
        if blob.trouble == "lag" and first_tries:
            return web.json_response({"status": "error", "error_code": "file_not_found", "error_message": None})
        facts = {"file_name": blob.name, "creation_time": None, "mime_type": None, "file_size_bytes": len(blob.content)}
        return web.json_response({"status": "success", "download_url": self._link(blob), **facts})

    def _link(self, blob: Blob) -> str:
        ends_at = int(time.time() + self._world.dials.link_seconds) + 1
        purpose = "foreign" if blob.trouble == "other_host" else "get"
        query = f"id={blob.id}&ts={ends_at}&sig={self._world.blobs.sign(purpose, blob.id, ends_at)}"
        if purpose == "get":
            return f"{self._world.base_url}/backend-api/estuary/content?{query}"
        parts = urlsplit(self._world.base_url)
        other = _OTHER_HOSTS.get(parts.hostname or "", "localhost")
        return f"{parts.scheme}://{other}:{parts.port}/__blob__/content?{query}"

    def _signed_blob(self, request: web.Request, purpose: str) -> Blob:
        query = request.query
        identity = query.get("id", "")
        if not self._world.blobs.signed(purpose, identity, query.get("ts", ""), query.get("sig", "")):
            raise RefusedError(detail(403, "The link has expired."))
        blob = self._world.blobs.get(identity)
        if blob is None or blob.content is None:
            raise RefusedError(CATALOGUE["file_not_found"])
        return blob

    def _bytes(self, blob: Blob) -> web.StreamResponse:
        if blob.trouble == "html":
            raise RefusedError(CATALOGUE["html_200"])
        return web.Response(body=blob.content, content_type=blob.mime_type.partition(";")[0])


def _blob_error(status: int, code: str) -> Answer:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code></Error>'
    return Answer(status, body, {"content-type": "application/xml"})
