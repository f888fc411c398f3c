"""Payloads on their way to Temporal's server and back: pydantic models as JSON, encrypted."""

from __future__ import annotations

import json
from collections.abc import Sequence

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from bridge.vault.blobs import PayloadBlobs
from bridge.vault.cipher import PayloadCipher, PayloadKeys
from core.errors import GoneError, InvalidRequestError
from workflows.attributes import READABLE

LARGE_BYTES = 32 * 1024
"""An encrypted payload above this goes by reference: the server copies what is in a history again and again."""

_ENCODING = b"binary/encrypted"
_BY_REFERENCE = b"binary/encrypted-by-reference"
_READABLE = frozenset(json.dumps(words).encode() for words in READABLE)


class EncryptingCodec(PayloadCodec):
    """Encrypts every payload but the fixed words of static summaries, which hold nothing of anybody's.

    The id of the key is readable in the payload's metadata. What is not encrypted passes decoding unchanged, as the
    server's own payloads do, and what somebody sent by hand.

    Args:
        blobs: where large payloads lie; without it all of them stay in the history.
    """

    def __init__(self, keys: PayloadKeys, blobs: PayloadBlobs | None = None) -> None:
        self._cipher = PayloadCipher(keys)
        self._blobs = blobs

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt.

        Raises:
            VaultKeyError: there is no key to encrypt with.
            StoreError: a large one cannot be kept.
        """
        return [payload if payload.data in _READABLE else await self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt.

        Raises:
            VaultKeyError: a payload names a key that the ring does not hold.
            GoneError: a large one is not kept here, or not any more.
            StoreError: a large one cannot be read.
        """
        return [await self._opened(payload) for payload in payloads]

    async def _sealed(self, payload: Payload) -> Payload:
        key_id, content = self._cipher.encrypt(payload.SerializeToString())
        encoding = _ENCODING
        if self._blobs is not None and len(content) > LARGE_BYTES:
            encoding, content = _BY_REFERENCE, (await self._blobs.put(content)).encode()
        return Payload(metadata={"encoding": encoding, "key-id": key_id.encode()}, data=content)

    async def _opened(self, payload: Payload) -> Payload:
        encoding = payload.metadata.get("encoding")
        if encoding not in (_ENCODING, _BY_REFERENCE):
            return payload
        content = payload.data if encoding == _ENCODING else await self._fetched(payload.data)
        key_id = payload.metadata.get("key-id", b"").decode("utf-8", "replace")
        return Payload.FromString(self._cipher.decrypt(key_id, content))

    async def _fetched(self, reference: bytes) -> bytes:
        if self._blobs is None:
            raise GoneError("A large payload of this history is not kept here.")
        return await self._blobs.get(reference.decode("ascii", "replace"))


class RemoteCodec:
    """Temporal's remote codec protocol: the JSON of payloads in, the JSON of as many payloads out."""

    def __init__(self, keys: PayloadKeys, blobs: PayloadBlobs | None = None) -> None:
        self._codec = EncryptingCodec(keys, blobs)

    async def decode(self, body: bytes) -> bytes:
        """Open payloads; a large one that is not kept any more stays as it is.

        Raises:
            InvalidRequestError: this is not the JSON of payloads.
            VaultKeyError, StoreError: one cannot be opened.
        """
        return _written([await self._shown(payload) for payload in _read(body)])

    async def encode(self, body: bytes) -> bytes:
        """Encrypt payloads.

        Raises:
            InvalidRequestError: this is not the JSON of payloads.
            VaultKeyError, StoreError: they cannot be encrypted, or not be kept.
        """
        return _written(await self._codec.encode(_read(body)))

    async def _shown(self, payload: Payload) -> Payload:
        try:
            [opened] = await self._codec.decode([payload])
        except GoneError:
            return payload
        return opened


def _read(body: bytes) -> list[Payload]:
    try:
        if _are_objects(json.loads(body)):
            return list(Parse(body, Payloads(), ignore_unknown_fields=True).payloads)
    except (ParseError, ValueError, RecursionError):
        # The parser's own words quote what it could not read.
        pass
    raise InvalidRequestError("The request body is not the JSON of Temporal payloads.")


def _are_objects(told: object) -> bool:
    """Whether payloads are where they belong: text in their place the parser takes for an empty one."""
    payloads = told.get("payloads", []) if isinstance(told, dict) else None
    return isinstance(payloads, list) and all(isinstance(one, dict) for one in payloads)


def _written(payloads: Sequence[Payload]) -> bytes:
    return MessageToJson(Payloads(payloads=payloads), indent=None).encode()


def data_converter(keys: PayloadKeys, blobs: PayloadBlobs | None = None) -> DataConverter:
    """The one converter of api, worker, replayer and tests.

    Messages and stack traces of failures are encrypted as well; only the names of their types stay readable.
    """
    return DataConverter(
        payload_converter_class=PydanticPayloadConverter,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
        payload_codec=EncryptingCodec(keys, blobs),
    )
