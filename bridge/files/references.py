"""How a request names a picture, and the bytes that it means."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from bridge.files import inline
from bridge.files.fetcher import Fetcher
from bridge.files.library import Library
from bridge.files.links import linked_file
from bridge.files.local import LocalFolder, path_of
from core.errors import AddressRefusedError, InvalidRequestError, RequestTooLargeError

_ADDRESSES = ("data_url", "dataUrl", "url", "path", "image", "input_image")
_BASE64 = ("base64", "b64_json", "data")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?=//)")
_DEEPEST = 4
_AT_ONCE = 4

MOST_PICTURES = 50
"""Of one request, whatever its route allows."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture that came as bytes of its own, such as a part of a form."""

    content: bytes = field(repr=False)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What a request has in one of its picture fields. `value`: text, an object as JSON has them, or `Sent`."""

    param: str
    value: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `bases`: where they reach this server, so that its own download links are known."""

    owner: str
    bases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A picture's bytes, not looked at yet. `name` is the client's, empty when there is none."""

    content: bytes = field(repr=False)
    name: str
    param: str


class _Allowance:
    """What one request may still load, and whose turn it is."""

    def __init__(self, most_bytes: int) -> None:
        self.left = most_bytes
        self.turn = asyncio.Semaphore(_AT_ONCE)


class References:
    """Loads what requests refer to.

    In order: an object by the first of its keys that is known; a data URL; an address, ours by its file and any other
    through the fetcher; a path below the operator's folder; plain base64.

    Args:
        most_bytes: the largest picture that is taken.
        most_together_bytes: the largest sum of the pictures of one request.
    """

    def __init__(
        self, fetcher: Fetcher, library: Library, local: LocalFolder, *, most_bytes: int, most_together_bytes: int
    ) -> None:
        self._fetcher = fetcher
        self._library = library
        self._local = local
        self._most = most_bytes
        self._most_together = most_together_bytes

    async def load_all(self, given: Sequence[Given], caller: Caller) -> tuple[Loaded, ...]:
        """The bytes of several pictures in their order, a few of them at the same time; the first failure ends all.

        Raises:
            CallerError: one of them cannot be had; `param` names it.
            InvalidRequestError: there are too many.
            RequestTooLargeError: they are too large together.
        """
        if len(given) > MOST_PICTURES:
            raise InvalidRequestError(f"Give at most {MOST_PICTURES} pictures.", param=given[MOST_PICTURES].param)
        allowance = _Allowance(self._most_together)
        tasks = [asyncio.create_task(self._within(allowance, one, caller), name="input-load") for one in given]
        try:
            return tuple(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _within(self, allowance: _Allowance, given: Given, caller: Caller) -> Loaded:
        async with allowance.turn:
            found = await self.load(given, caller)
            allowance.left -= len(found.content)
            if allowance.left < 0:
                raise RequestTooLargeError(
                    f"`{given.param}`: the pictures are larger than {self._most_together} bytes together.",
                    param=given.param,
                )
            return found

    async def load(self, given: Given, caller: Caller) -> Loaded:
        """The bytes of one picture.

        Raises:
            InvalidRequestError: this names no picture.
            AddressRefusedError, ImageUnreachableError: its address is not fetched, or does not answer with a picture.
            NotFoundError, GoneError: it is no file of this caller, or one whose bytes were removed.
            RequestTooLargeError: it is larger than the bridge takes.
        """
        return await self._load(given.value, given.param, caller, depth=0)

    async def _load(self, value: Any, param: str, caller: Caller, *, depth: int) -> Loaded:
        if isinstance(value, Sent):
            if len(value.content) > self._most:
                raise RequestTooLargeError(f"`{param}`: the picture is larger than {self._most} bytes.", param=param)
            return Loaded(value.content, value.name, param)
        if isinstance(value, Mapping) and depth < _DEEPEST:
            loaded = await self._object(value, param, caller, depth)
            return Loaded(loaded.content, _given_name(value) or loaded.name, param)
        if isinstance(value, str) and value.strip():
            return await self._text(value.strip(), param, caller)
        raise InvalidRequestError(f"`{param}` has no picture.", param=param)

    async def _object(self, value: Mapping[str, Any], param: str, caller: Caller, depth: int) -> Loaded:
        if value.get("image_url") is not None:
            return await self._load(_url(value["image_url"]), f"{param}.image_url", caller, depth=depth + 1)
        if value.get("file_id") is not None:
            return await self._file(value["file_id"], f"{param}.file_id", caller)
        for key in _ADDRESSES:
            if value.get(key) is not None:
                return await self._load(value[key], f"{param}.{key}", caller, depth=depth + 1)
        for key in _BASE64:
            if value.get(key) is not None:
                return await self._base64(value[key], f"{param}.{key}")
        raise InvalidRequestError(f"`{param}` has no picture.", param=param)

    async def _text(self, text: str, param: str, caller: Caller) -> Loaded:
        if inline.is_data_url(text):
            return Loaded(await inline.data_url(text, most_bytes=self._most, param=param), "", param)
        scheme = _SCHEME.match(text)
        if scheme is not None:
            return await self._address(text, scheme[1].lower(), param, caller)
        if text[:5].lower() == "file:":
            return await self._path(path_of(text), param)
        if inline.seems_base64(text) and not await self._local.holds(text):
            return Loaded(await inline.base64_bytes(text, most_bytes=self._most, param=param), "", param)
        return await self._path(text, param)

    async def _address(self, address: str, scheme: str, param: str, caller: Caller) -> Loaded:
        if scheme == "file":
            return await self._path(path_of(address), param)
        if scheme not in ("http", "https"):
            raise AddressRefusedError(f"`{param}`: this is no http or https address.", param=param)
        file_id = linked_file(address, caller.bases)
        if file_id is not None:
            return await self._file(file_id, param, caller)
        return Loaded(await self._fetcher.fetch(address, param), _last_part(address), param)

    async def _file(self, file_id: Any, param: str, caller: Caller) -> Loaded:
        if not isinstance(file_id, str):
            raise InvalidRequestError(f"`{param}` must be a string.", param=param)
        found = await self._library.read(file_id, caller.owner, most_bytes=self._most, param=param)
        return Loaded(found.content, found.record.filename, param)

    async def _path(self, path: str | None, param: str) -> Loaded:
        if path is None:
            raise AddressRefusedError(f"`{param}`: this is a file of another machine.", param=param)
        return Loaded(await self._local.read(path, param=param), PurePosixPath(path).name, param)

    async def _base64(self, value: Any, param: str) -> Loaded:
        if not isinstance(value, str):
            raise InvalidRequestError(f"`{param}` must be a string.", param=param)
        text = value.strip()
        take = inline.data_url if inline.is_data_url(text) else inline.base64_bytes
        return Loaded(await take(text, most_bytes=self._most, param=param), "", param)


def _url(value: Any) -> Any:
    """What an `image_url` means: the address itself, or an object that holds it."""
    return value["url"] if isinstance(value, Mapping) and "url" in value else value


def _given_name(value: Mapping[str, Any]) -> str:
    """The name that an object gives its picture, itself or in its `metadata`."""
    beside = value.get("metadata")
    for holder in (value, beside if isinstance(beside, Mapping) else {}):
        for key in ("name", "filename"):
            if isinstance(holder.get(key), str) and holder[key].strip():
                return str(holder[key])
    return ""


def _last_part(address: str) -> str:
    try:
        return unquote(PurePosixPath(urlsplit(address).path).name)
    except ValueError:
        return ""
