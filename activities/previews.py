"""Pictures in the making, for requests that want to see them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType

from temporalio import activity

from bridge.files.previews import Previews
from bridge.operations.submissions import Submissions
from core.contracts.images import ImageForm
from core.contracts.operations import OperationRecord
from core.errors import BridgeError
from provider.interface.session import Session
from provider.interface.turns import ImageAsset


class PreviewKeeper:
    """Downloads what upstream shows of a picture, and tells it in the operation's log.

    As many as the request asked for, each once. One that cannot be had is left out: some vanish, and the picture
    itself does not depend on any of them.
    """

    def __init__(self, submissions: Submissions, files: Previews) -> None:
        self._submissions = submissions
        self._files = files

    async def keep(
        self,
        record: OperationRecord,
        session: Session,
        assets: Sequence[ImageAsset],
        *,
        conversation_id: str,
        fence: int | None = None,
    ) -> None:
        """Keep those that are wanted, in this order."""
        most = int(record.request.get("partial_images", 0))
        for asset in assets if most else ():
            try:
                if await self._submissions.wants_preview(record.id, asset.file_id, most):
                    image = await session.download_image(asset, conversation_id=conversation_id)
                    form = ImageForm.model_validate(record.request)
                    name, picture = await self._files.write(record.id, asset.file_id, image.content, form)
                    told = {"name": name, "width": picture.width, "height": picture.height}
                    await self._submissions.tell_preview(record.id, fence, asset.file_id, told, most=most)
            except BridgeError as error:
                activity.logger.info("preview not kept: %s", error.code)


class Showing:
    """Keeps previews beside a stream that is read, one after the other; entered for the stream's life.

    What is not kept when it is left never is: whatever comes of the turn is there by then.

    Args:
        keep: keeps one.
    """

    def __init__(self, keep: Callable[[ImageAsset], Awaitable[None]]) -> None:
        self._keep = keep
        self._waiting: asyncio.Queue[ImageAsset] = asyncio.Queue()
        self._keeper: asyncio.Task[None] | None = None

    def add(self, asset: ImageAsset) -> None:
        """A picture that upstream shows."""
        self._waiting.put_nowait(asset)

    async def __aenter__(self) -> Showing:
        self._keeper = asyncio.create_task(self._keep_forever(), name="previews")
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        assert self._keeper is not None
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)

    async def _keep_forever(self) -> None:
        while True:
            await self._keep(await self._waiting.get())
