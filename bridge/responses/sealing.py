"""Objects as the database keeps them: encrypted JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from bridge.vault import Keyring
from bridge.vault.cipher import PayloadCipher


class Sealing:
    """Seals with a key of the ring, so that a change of the passphrase leaves what is kept readable."""

    def __init__(self, keyring: Keyring) -> None:
        self._cipher = PayloadCipher(keyring)

    async def seal(self, *objects: Any) -> list[str]:
        """Each as one word.

        Raises:
            VaultKeyError: there is no key, or the ring does not open.
        """
        return await asyncio.to_thread(self._seal, objects)

    async def unseal(self, words: Sequence[str]) -> list[Any]:
        """What was sealed, in the same order.

        Raises:
            VaultKeyError: it was sealed with a key that is not there any more.
        """
        return await asyncio.to_thread(self._unseal, words)

    def _seal(self, objects: Sequence[Any]) -> list[str]:
        return [self._cipher.seal(json.dumps(one, separators=(",", ":"))) for one in objects]

    def _unseal(self, words: Sequence[str]) -> list[Any]:
        return [json.loads(self._cipher.unseal(word)) for word in words]
