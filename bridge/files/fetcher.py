"""The one downloader of addresses that clients name: it asks public machines only, and never for long."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import TypeAlias

import httpx2

from bridge.files.addresses import Address, Exceptions, is_public
from core.errors import AddressRefusedError, CallerError, ImageUnreachableError, RequestTooLargeError

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Every address of a host for a port, the preferred one first."""

MOST_REDIRECTS = 3

_HEADERS = {"User-Agent": "chatgpt-api/0.1", "Accept": "image/*", "Accept-Encoding": "identity"}
_CONNECT_SECONDS = 5.0
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST = 8192


async def resolved(host: str, port: int) -> Sequence[str]:
    """What this machine's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Fetcher:
    """Downloads pictures. It keeps nothing between two requests: no connection, no cookie, no credential.

    Args:
        allow: hosts and networks that may be asked although they are not public.
        most_bytes: the largest picture that is taken.
        limit_seconds: for one picture, with name look-ups and redirects.
        resolve: how names become addresses.
        tls: whom to trust; `None` for the usual authorities.
    """

    def __init__(
        self,
        *,
        allow: Iterable[str] = (),
        most_bytes: int,
        limit_seconds: float,
        resolve: Resolve = resolved,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._exceptions = Exceptions(allow)
        self._most = most_bytes
        self._limit = limit_seconds
        self._resolve = resolve
        self._tls = tls

    async def fetch(self, address: str, param: str) -> bytes:
        """The picture at an http or https address.

        Args:
            param: the request field that named it, for errors; they never show the address beyond its host.

        Raises:
            AddressRefusedError: it, or what it redirects to, is not to be asked.
            ImageUnreachableError: it does not answer with a picture within the time.
            RequestTooLargeError: the picture is larger than the bridge takes.
        """
        try:
            async with asyncio.timeout(self._limit):
                return await self._follow(_parsed(address, param), param)
        except TimeoutError:
            raise ImageUnreachableError(
                f"`{param}`: the picture did not come within {self._limit:g} seconds.", param=param
            ) from None

    async def _follow(self, url: httpx2.URL, param: str) -> bytes:
        for _ in range(MOST_REDIRECTS + 1):
            found = await self._ask(url, param)
            if isinstance(found, bytes):
                return found
            url = _parsed(found, param)
        raise ImageUnreachableError(f"`{param}`: more than {MOST_REDIRECTS} redirects.", param=param)

    async def _ask(self, url: httpx2.URL, param: str) -> bytes | str:
        """The picture, or where else it is said to be."""
        problem: Exception | None = None
        for address in await self._addresses(url, param):
            try:
                return await self._exchange(url, address, param)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                problem = error
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                problem = error
                break
        raise ImageUnreachableError(
            f"`{param}`: {url.host} did not answer ({type(problem).__name__}).", param=param
        ) from problem

    async def _addresses(self, url: httpx2.URL, param: str) -> list[Address]:
        """Every address of the host; one that is not to be asked spoils all of them."""
        host = url.raw_host.decode("ascii")
        try:
            given = await self._resolve(host, url.port or _PORTS[url.scheme])
            found = [ipaddress.ip_address(address) for address in given]
        except (OSError, UnicodeError, ValueError):
            found = []
        if not found:
            raise ImageUnreachableError(f"`{param}`: there is no host {url.host!r}.", param=param)
        if not all(is_public(address) or self._exceptions.allow(host, address) for address in found):
            raise AddressRefusedError(f"`{param}`: {url.host} is not on the public internet.", param=param)
        return found

    async def _exchange(self, url: httpx2.URL, address: Address, param: str) -> bytes | str:
        """Ask the one machine that was checked. The name goes along for its virtual hosts and its certificate."""
        request = httpx2.Request(
            "GET",
            url.copy_with(host=str(address), fragment=None),
            headers={**_HEADERS, "Host": url.netloc.decode("ascii")},
            extensions={
                "sni_hostname": url.raw_host.decode("ascii"),
                "timeout": httpx2.Timeout(self._limit, connect=_CONNECT_SECONDS).as_dict(),
            },
        )
        # A transport alone knows no cookies, proxies or redirects; one of its own knows no other host's connection.
        async with httpx2.AsyncHTTPTransport(verify=await self._trusted(), trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            async with aclosing(response):
                return await self._taken(response, url, param)

    async def _taken(self, response: httpx2.Response, url: httpx2.URL, param: str) -> bytes | str:
        if response.status_code in _REDIRECTS:
            return str(url.join(response.headers.get("location", "")))
        _require_picture(response, url.host, param)
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._most:
            raise self._too_large(param)
        pieces, size = [], 0
        async for piece in response.aiter_raw():
            size += len(piece)
            if size > self._most:
                raise self._too_large(param)
            pieces.append(piece)
        return b"".join(pieces)

    async def _trusted(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = await asyncio.to_thread(httpx2.create_ssl_context)
        return self._tls

    def _too_large(self, param: str) -> CallerError:
        return RequestTooLargeError(f"`{param}`: the picture is larger than {self._most} bytes.", param=param)


def _parsed(address: str, param: str) -> httpx2.URL:
    try:
        url = httpx2.URL(address) if len(address) <= _LONGEST else httpx2.URL("")
        url.raw_host.decode("ascii")
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        url = httpx2.URL("")
    if url.scheme not in _PORTS or not url.host or not 0 < (url.port or _PORTS[url.scheme]) < 65536:
        raise AddressRefusedError(f"`{param}`: this is no http or https address.", param=param)
    if url.userinfo:
        raise AddressRefusedError(f"`{param}`: an address with a user name or password is not fetched.", param=param)
    return url


def _require_picture(response: httpx2.Response, host: str, param: str) -> None:
    if response.status_code != 200:
        raise ImageUnreachableError(f"`{param}`: {host} answered with status {response.status_code}.", param=param)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind.startswith("image/"):
        raise ImageUnreachableError(f"`{param}`: {host} answered with {kind[:80] or 'no type'}, no image.", param=param)
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        # Nobody asked for it, and a small body could unfold to any size.
        raise ImageUnreachableError(f"`{param}`: {host} answered with a compressed body.", param=param)
