"""Keeping what upstream has made."""

from __future__ import annotations

from temporalio import activity

from activities.errors import translated
from activities.heartbeat import beating
from activities.upstream import Upstream
from bridge.files.artifacts import Artifacts
from bridge.operations.journal import Journal
from bridge.operations.records import Operations
from bridge.operations.submissions import Submissions
from core.contracts.artifacts import Artifact
from core.contracts.operations import OperationRecord, OperationState
from core.contracts.steps import Closed, SaveInput
from core.errors import AccountError, BridgeError, FileNotFoundUpstreamError, ProtocolError
from provider.interface.turns import ImageAsset

_LATE = (FileNotFoundUpstreamError, ProtocolError)
"""A finished picture can take a moment to be downloadable, or arrive cut short."""


class ArtifactActivities:
    """Downloads, verifies and keeps pictures."""

    def __init__(
        self, operations: Operations, submissions: Submissions, upstream: Upstream, artifacts: Artifacts
    ) -> None:
        self._operations = operations
        self._submissions = submissions
        self._upstream = upstream
        self._artifacts = artifacts

    @activity.defn
    async def save_artifacts(self, given: SaveInput) -> Closed:
        """Keep the operation's picture, the first one where upstream made several, and complete the operation.

        Picture's row, terminal record, last event and release are one transaction. Idempotent: the file's id derives
        from the operation, and the first close counts.
        """
        with translated():
            record, book = await self._submissions.begin_saving(given.operation_id)
            if record.state.terminal:
                return Closed(state=record.state, failure=record.failure, last_event=record.last_event)
            async with beating():
                kept = await self._fetched(record, book, given)
            return await self._operations.close(record.id, OperationState.COMPLETED, results=(kept,))

    async def _fetched(self, record: OperationRecord, book: Journal, given: SaveInput) -> Artifact:
        first = given.assets[0]
        asset = ImageAsset(pointer=first.pointer, file_id=first.file_id, width=first.width, height=first.height)
        try:
            if book.account is None or book.conversation_id is None:
                raise ProtocolError("A picture without a conversation cannot be fetched.")
            async with self._upstream.waiting(record, book.account, given.deadline) as session:
                image = await session.download_image(asset, conversation_id=book.conversation_id)
            return await self._artifacts.write_image(record, 0, image.content)
        except BridgeError as error:
            if isinstance(error, AccountError) and book.account is not None:
                await self._upstream.learn(record, book.account, error)
            if error.retryable or isinstance(error, _LATE):
                raise await self._upstream.again(record.id, error, given.max_upstream_failures) from error
            raise
