"""Payloads on their way to Temporal's server and back: pydantic models as JSON, encrypted."""

from __future__ import annotations

import json
from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from bridge.vault.cipher import PayloadCipher, PayloadKeys
from workflows.attributes import SUMMARIES

_ENCODING = b"binary/encrypted"
_READABLE = frozenset(json.dumps(words).encode() for words in SUMMARIES.values())


class EncryptingCodec(PayloadCodec):
    """Encrypts every payload but the fixed words of static summaries, which hold nothing of anybody's.

    The id of the key is readable in the payload's metadata. What is not encrypted passes decoding unchanged, as the
    server's own payloads do.
    """

    def __init__(self, keys: PayloadKeys) -> None:
        self._cipher = PayloadCipher(keys)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt.

        Raises:
            VaultKeyError: there is no key to encrypt with.
        """
        return [payload if payload.data in _READABLE else self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt.

        Raises:
            VaultKeyError: a payload names a key that the ring does not hold.
        """
        return [self._opened(payload) for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        key_id, content = self._cipher.encrypt(payload.SerializeToString())
        return Payload(metadata={"encoding": _ENCODING, "key-id": key_id.encode()}, data=content)

    def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != _ENCODING:
            return payload
        opened = self._cipher.decrypt(payload.metadata.get("key-id", b"").decode(), payload.data)
        return Payload.FromString(opened)


def data_converter(keys: PayloadKeys) -> DataConverter:
    """The one converter of api, worker, replayer and tests.

    Messages and stack traces of failures are encrypted as well; only the names of their types stay readable.
    """
    return DataConverter(
        payload_converter_class=PydanticPayloadConverter,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
        payload_codec=EncryptingCodec(keys),
    )
