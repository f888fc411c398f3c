"""Storing an operation's inputs upstream, before its turn is sent."""

from __future__ import annotations

from typing import Protocol

from temporalio import activity

from activities.errors import final, translated
from activities.heartbeat import beating
from activities.upstream import Upstream
from bridge.operations.submissions import Submissions
from bridge.operations.turns import inputs_of
from core.contracts.inputs import InputRef
from core.contracts.operations import OperationRecord
from core.contracts.steps import Uploaded, UploadInput
from core.errors import AccountError, BridgeError, UpstreamRefusalError


class InputStore(Protocol):
    """Where the bytes of inputs are kept."""

    async def read(self, ref: InputRef) -> bytes: ...


class UploadActivities:
    """Uploads inputs; costs no quota but that of uploads."""

    def __init__(self, submissions: Submissions, upstream: Upstream, inputs: InputStore) -> None:
        self._submissions = submissions
        self._upstream = upstream
        self._inputs = inputs

    @activity.defn
    async def upload_input(self, given: UploadInput) -> Uploaded:
        """Store one input on the account that the operation holds; one that lies there already stays the only one.

        Does nothing where the operation has ended, is to be cancelled, was sent already, or has moved on to another
        account.
        """
        with translated():
            record, book = await self._submissions.open(given.operation_id)
            settled = record.state.terminal or record.cancel_requested or book.sent
            if not settled and record.account == given.account:
                async with beating():
                    await self._upload(record, given)
            return Uploaded(last_event=(await self._submissions.read(given.operation_id)).last_event)

    async def _upload(self, record: OperationRecord, given: UploadInput) -> None:
        if await self._submissions.begin_upload(record.id, given.position, given.account) is not None:
            return
        refs = inputs_of(record)
        ref = refs[given.position]
        content = await self._inputs.read(ref)
        try:
            async with self._upstream.use(given.account) as session:
                stored = await session.upload(content, name=ref.name, mime_type=ref.content_type)
        except BridgeError as error:
            await self._upstream.refused_upload(given.account, error)
            if error.retryable and not isinstance(error, (UpstreamRefusalError, AccountError)):
                raise await self._upstream.again(record.id, error, given.max_upstream_failures) from error
            raise final(error) from error
        await self._submissions.forget_failures(record.id)
        await self._submissions.keep_upload(record.id, given.position, given.account, stored.file_id, total=len(refs))
