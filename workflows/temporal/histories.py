"""An operation's recorded history: fetched, and replayed against the definitions as they are now."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio.client import WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from bridge.vault.blobs import PayloadBlobs
from bridge.vault.cipher import PayloadKeys
from core.errors import NotFoundError, TemporalUnavailableError
from core.settings import TemporalSettings
from workflows.temporal.client import connect
from workflows.temporal.replayer import build_replayer


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay of `events` events. `trouble`: why today's code does not fit, `None` if it does."""

    events: int
    trouble: str | None = None


async def fetch_json(settings: TemporalSettings, keys: PayloadKeys, operation_id: str) -> str:
    """The history as JSON, its payloads still encrypted.

    Raises:
        NotFoundError: Temporal keeps none of that id (any more).
        TemporalUnavailableError: the server does not answer.
    """
    return (await _fetch(settings, keys, operation_id)).to_json()


async def replay(
    settings: TemporalSettings, keys: PayloadKeys, operation_id: str, *, blobs: PayloadBlobs | None = None
) -> Replayed:
    """Replay the history of an operation; upstream is asked nothing and nothing is written.

    Raises:
        NotFoundError, TemporalUnavailableError: as `fetch_json`.
    """
    history = await _fetch(settings, keys, operation_id)
    outcome = await build_replayer(keys, blobs=blobs).replay_workflow(history, raise_on_replay_failure=False)
    failure = outcome.replay_failure
    return Replayed(events=len(history.events), trouble=None if failure is None else str(failure))


async def _fetch(settings: TemporalSettings, keys: PayloadKeys, operation_id: str) -> WorkflowHistory:
    try:
        client = await connect(settings, keys, lazy=False)
        return await client.get_workflow_handle(operation_id).fetch_history()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise NotFoundError(
                "Temporal keeps no history of this operation (any more).", param="operation_id"
            ) from None
        raise TemporalUnavailableError("Temporal does not answer.") from error
    except RuntimeError as error:
        raise TemporalUnavailableError("Temporal cannot be reached.") from error
