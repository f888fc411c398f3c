"""What both doors of the codec do."""

from __future__ import annotations

from typing import Literal

from api.services import Services
from workflows.temporal.codec import RemoteCodec

JSON = "application/json"

Verb = Literal["decode", "encode"]


async def run(services: Services, verb: Verb, body: bytes) -> bytes:
    """Open or encrypt payloads with this bridge's keys.

    Raises:
        InvalidRequestError: the body is not the JSON of payloads.
        VaultKeyError, StoreError: one cannot be opened, or not be kept.
    """
    codec = RemoteCodec(services.bridge.keyring, services.bridge.blobs)
    return await (codec.decode(body) if verb == "decode" else codec.encode(body))
