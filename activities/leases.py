"""The account that an operation works with."""

from __future__ import annotations

from temporalio import activity

from activities.errors import translated
from bridge.operations.reserving import Reservations
from core.contracts.steps import ReserveInput, Standing, UploadsDoneInput


class LeaseActivities:
    """Reserves accounts for operations; an ending gives them back."""

    def __init__(self, reservations: Reservations) -> None:
        self._reservations = reservations

    @activity.defn
    async def reserve_account(self, asked: ReserveInput) -> Standing:
        """Load row and journal, and reserve an account where one is needed and free.

        The first step of every run: what it returns is where the operation goes on from, whatever Temporal remembers.
        Gives back an account that is excluded because it refused. Safe to repeat: a lease is unique to its operation.
        """
        with translated():
            return await self._reservations.reserve(asked)

    @activity.defn
    async def finish_uploads(self, given: UploadsDoneInput) -> None:
        """Give back the slot for uploading once every input lies upstream. Safe to repeat."""
        with translated():
            await self._reservations.uploads_done(given.operation_id)
