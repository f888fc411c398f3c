"""Wrong API keys: counted by the address they come from, answered ever later, and logged without the key."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict
from dataclasses import dataclass

from starlette.types import Scope

from core.errors import TooManyAttemptsError
from core.logging import get_logger

_log = get_logger(__name__)

_FREE = 3
_FIRST_DELAY_SECONDS = 0.05
_LONGEST_DELAY_SECONDS = 1.0
_FORGET_SECONDS = 60.0
_MOST_PEERS = 4096
_MOST_WAITING = 8
"""So many answers of one address are held back at a time, which bounds what it can try in a second."""


@dataclass(slots=True)
class _Peer:
    failures: int = 0
    last: float = 0.0
    waiting: int = 0


class Attempts:
    """The addresses that failed lately. Those that failed longest ago are forgotten first."""

    def __init__(self) -> None:
        self._peers: OrderedDict[str, _Peer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._peers)

    def many_from(self, peer: str) -> bool:
        """Whether as many wrong keys of this address as may are being held back."""
        known = self._peers.get(peer)
        return known is not None and known.waiting >= _MOST_WAITING

    async def failed(self, peer: str, code: str) -> None:
        """Count a wrong key, and hold its answer back: the more, the longer, at most for a second.

        Raises:
            TooManyAttemptsError: too many are held back already.
        """
        known, now = self._peers.get(peer), time.monotonic()
        if known is None or (known.last < now - _FORGET_SECONDS and not known.waiting):
            known = self._peers[peer] = _Peer()
            if len(self._peers) > _MOST_PEERS:
                self._peers.popitem(last=False)
        self._peers[peer] = known
        self._peers.move_to_end(peer)
        known.failures, known.last = known.failures + 1, now
        if known.failures & (known.failures - 1) == 0:
            # The first, the second, the fourth, ...: a flood of attempts is no flood of lines.
            _log.warning("api_key_refused", peer=peer, code=code, failures=known.failures)
        if self.many_from(peer):
            raise TooManyAttemptsError(
                "Too many wrong API keys come from this address.", retry_after_seconds=math.ceil(_LONGEST_DELAY_SECONDS)
            )
        if known.failures > _FREE:
            await _held_back(known)


async def _held_back(peer: _Peer) -> None:
    peer.waiting += 1
    try:
        await asyncio.sleep(_delay(peer.failures))
    finally:
        peer.waiting -= 1


def peer_of(scope: Scope) -> str:
    """The address a request came from; all of an IPv6 network is one, because one host has the whole of it."""
    client = scope.get("client")
    if client is None:
        return ""
    try:
        address = ipaddress.ip_address(str(client[0]).removeprefix("::ffff:").partition("%")[0])
    except ValueError:
        return str(client[0])
    if address.version == 4 or address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _delay(failures: int) -> float:
    doubled = _FIRST_DELAY_SECONDS * float(1 << min(failures - _FREE - 1, 10))
    return min(doubled, _LONGEST_DELAY_SECONDS)
