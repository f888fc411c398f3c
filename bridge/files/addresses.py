"""Which addresses may be asked for a picture: public ones, and those that the operator allows."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_SERVED_TO_MACHINES = (
    # Clouds answer their own machines here, and with secrets; the registry calls both public.
    ipaddress.IPv4Network("168.63.129.16/32"),
    ipaddress.IPv4Network("192.0.0.0/24"),
)


def is_public(address: Address) -> bool:
    """Whether everybody on the internet reaches the same machine there, whatever way the address is written."""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    if address.is_multicast or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return address in _PUBLIC_V6
    return not any(address in network for network in _SERVED_TO_MACHINES)


class Exceptions:
    """What the operator allows beside the public internet: networks, and hosts wherever they are.

    Args:
        entries: host names, addresses and networks.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry))
            except ValueError:
                self._hosts.add(entry.lower().rstrip("."))

    def allow(self, host: str, address: Address) -> bool:
        """Whether `host`, which resolved to `address`, is one of them."""
        if host.lower().rstrip(".") in self._hosts:
            return True
        written = (address, _embedded(address))
        return any(one is not None and one in network for network in self._networks for one in written)


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that packets to this IPv6 one end up at, if there is one."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
