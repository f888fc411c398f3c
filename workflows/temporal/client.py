"""A client of Temporal's server, and what the server has to know of us."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from bridge.vault.blobs import PayloadBlobs
from bridge.vault.cipher import PayloadKeys
from core.logging import get_logger
from core.settings import TemporalSettings
from workflows import attributes
from workflows.temporal.codec import data_converter

_log = get_logger(__name__)

_RETENTION = timedelta(days=7)
_CALL = timedelta(seconds=5)


async def connect(
    settings: TemporalSettings, keys: PayloadKeys, *, blobs: PayloadBlobs | None = None, lazy: bool = True
) -> Client:
    """A client; a lazy one connects at its first call, so that the server may be away now.

    Raises:
        RuntimeError: not lazy, and the server does not answer.
    """
    return await Client.connect(
        settings.target, namespace=settings.namespace, data_converter=data_converter(keys, blobs), lazy=lazy
    )


async def prepare_namespace(client: Client, *, ours: bool) -> bool:
    """Register our search attributes; returns whether workflows may carry them.

    Args:
        ours: the server is the embedded one, whose finished histories are to be kept for a week.
    """
    if ours:
        await _keep_histories(client)
    return await _registered(client)


async def _registered(client: Client) -> bool:
    names = {key.name for key in attributes.ALL}
    try:
        for _ in range(10):
            known = await client.operator_service.list_search_attributes(
                ListSearchAttributesRequest(namespace=client.namespace), timeout=_CALL
            )
            missing = names - set(known.custom_attributes)
            if not missing:
                return True
            await _register(client, missing)
            await asyncio.sleep(0.1)
    except RPCError as error:
        _log.warning("search_attributes_refused", status=error.status.name)
    return False


async def _register(client: Client, names: set[str]) -> None:
    request = AddSearchAttributesRequest(
        namespace=client.namespace,
        search_attributes=dict.fromkeys(sorted(names), IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD),
    )
    try:
        await client.operator_service.add_search_attributes(request, timeout=_CALL)
    except RPCError as error:
        # Another process was first.
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def _keep_histories(client: Client) -> None:
    config = NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=int(_RETENTION.total_seconds())))
    try:
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=client.namespace, config=config), timeout=_CALL
        )
    except RPCError as error:
        _log.warning("retention_refused", status=error.status.name)
