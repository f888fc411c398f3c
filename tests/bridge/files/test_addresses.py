"""Which addresses are public, however they are written."""

from __future__ import annotations

import ipaddress

import pytest

from bridge.files.addresses import Exceptions, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.0.192",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00:ec2::254",
        "ff0e::1",
    ],
)
def test_what_is_not_public_is_seen_through_every_notation(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700:4700::1111"])
def test_the_public_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_a_network_allows_its_addresses_and_a_host_whatever_it_resolves_to() -> None:
    allowed = Exceptions(["192.168.1.0/24", "NAS.local", "fd00::/8"])

    assert allowed.allow("any.example", ipaddress.ip_address("192.168.1.7"))
    assert allowed.allow("any.example", ipaddress.ip_address("::ffff:192.168.1.7"))
    assert allowed.allow("any.example", ipaddress.ip_address("fd00::1"))
    assert allowed.allow("nas.LOCAL.", ipaddress.ip_address("10.0.0.9"))
    assert not allowed.allow("any.example", ipaddress.ip_address("192.168.2.7"))
    assert not allowed.allow("not-nas.local", ipaddress.ip_address("10.0.0.9"))
