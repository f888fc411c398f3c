"""A picture as a stream of events: what is seen of it while it is made, then the picture."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any, Literal

from starlette.types import Receive, Scope, Send

from api.errors import ErrorAnswer
from api.following import LateStream, followed
from api.images.answers import SIZES, usage
from api.services import Services
from bridge.files.conversion import in_form
from bridge.files.images import Picture, examine
from core.contracts.images import ImageForm, ImageRequest
from core.contracts.operations import OperationEvent, OperationKind, OperationRecord
from core.errors import GoneError

_TYPES = {OperationKind.IMAGE: "image_generation", OperationKind.EDIT: "image_edit"}
_FORMATS = ("png", "jpeg", "webp")
"""What the vendor's events can hold."""


async def stream(services: Services, record: OperationRecord, scope: Scope, receive: Receive, send: Send) -> None:
    """Follow the operation of one picture, as the vendor's clients read it."""
    await followed(services, record, PictureStream(services, record, send), scope, receive)


class PictureStream(LateStream):
    """Previews as upstream shows them; every other step of the operation as a comment, which clients pass over."""

    def __init__(self, services: Services, record: OperationRecord, send: Send) -> None:
        super().__init__(record, services.settings.server, send)
        self._services = services
        self._request = ImageRequest.model_validate(record.request)

    async def follow(self, services: Services) -> None:
        """Tell the previews, and how the operation goes on."""
        async for event in services.bridge.feed.follow(self.record.id):
            if event.type == "preview":
                await self._preview(event)
            elif self.events.opened and event.type in ("state", "progress"):
                await self.events.write(f": {event.data.get('state') or event.data.get('phase')}\n\n".encode())

    async def finish(self, record: OperationRecord) -> None:
        """Tell the picture, and end the stream.

        Raises:
            GoneError, NotFoundError: its file is not there any more.
        """
        if not record.artifacts:
            raise GoneError("The picture was removed.")
        _, path = await self._services.bridge.artifacts.get(record.artifacts[0].file_id)
        at = int((record.finished_at or record.created_at).timestamp())
        event = await self._event("completed", await asyncio.to_thread(path.read_bytes), at)
        await self.begin()
        await self.events.end(_wire({**event, "usage": await usage((record,))}))

    def error(self, answer: ErrorAnswer) -> bytes:
        """An `error` event, which the vendor's clients raise."""
        return _wire({"type": "error", **answer.in_stream})

    async def _preview(self, event: OperationEvent) -> None:
        content = await self._services.bridge.previews.read(str(event.data["name"]))
        if content is not None:
            told = await self._event("partial_image", content, int(event.at.timestamp()))
            await self.begin()
            await self.events.write(_wire({**told, "partial_image_index": event.data["index"]}))

    async def _event(self, kind: Literal["partial_image", "completed"], content: bytes, at: int) -> dict[str, Any]:
        picture, content = await asyncio.to_thread(_presentable, content)
        size = f"{picture.width}x{picture.height}"
        return {
            "type": f"{_TYPES[self.record.kind]}.{kind}",
            "b64_json": base64.b64encode(content).decode("ascii"),
            "background": self._request.background,
            "created_at": at,
            "output_format": picture.content_type.removeprefix("image/"),
            "quality": self._request.quality,
            "size": size if size in SIZES else "auto",
            "width": picture.width,
            "height": picture.height,
        }


def _presentable(content: bytes) -> tuple[Picture, bytes]:
    """A picture in a format that an event can hold."""
    picture = examine(content)
    if picture.content_type.removeprefix("image/") in _FORMATS:
        return picture, content
    return in_form(content, ImageForm(output_format="png"))


def _wire(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n".encode()
