"""Requests that bring pictures, as JSON or as a form."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from api.body import parsed, read_bytes, read_object
from api.caller import caller_of
from api.connection import Leash, attended
from api.images.options import digested
from api.multipart import Part, boundary_of, parts_of
from api.services import Services
from bridge.files.references import Given, Sent
from bridge.idempotency.digest import request_digest
from core.contracts.images import EditRequest
from core.contracts.inputs import InputRef
from core.contracts.texts import VisionRequest
from core.errors import InvalidRequestError, UnsupportedMediaTypeError

MOST = 10

LISTS = ("images", "input_images")
SINGLES = ("image", "input_image", "image_url")
_FIELDS = frozenset(LISTS + SINGLES)
_MASK = "mask"
_NUMBERS = frozenset({"n", "output_compression", "partial_images"})
_SWITCHES = {"true": True, "1": True, "false": False, "0": False, "": None}


async def read_pictured(scope: Scope, receive: Receive) -> tuple[dict[str, Any], tuple[Given, ...]]:
    """A request's fields and what it names as its 1 to 10 pictures, none of which is loaded yet.

    A form's fields become what JSON would have there.

    Raises:
        UnsupportedMediaTypeError: the body is neither JSON nor a form.
        InvalidRequestError: it is malformed, or brings no picture or too many.
        RequestTooLargeError: it is larger than the server takes.
        ClientDisconnect: the client left before its end.
    """
    headers = Headers(scope=scope)
    if headers.get("content-type", "").strip().lower().startswith("multipart/"):
        body, given = _form(_parts(headers, await read_bytes(receive)))
    else:
        body = await read_object(scope, receive, or_form=True)
        given = tuple(named(body))
    if not 1 <= len(given) <= MOST:
        raise InvalidRequestError(f"`image`: give 1 to {MOST} pictures, not {len(given)}.", param="image")
    return body, given


def require_few(given: Sequence[Given], mask: Given | None) -> None:
    """See that a mask finds room beside the pictures.

    Raises:
        InvalidRequestError: it does not.
    """
    if mask is not None and len(given) >= MOST:
        raise InvalidRequestError(f"`image`: give at most {MOST - 1} pictures beside a mask.", param="image")


def require_ready(services: Services) -> None:
    """For whatever stores inputs: without a chance of a start nothing is kept.

    Raises:
        ShuttingDownError: the server is stopping.
        TemporalUnavailableError: Temporal is away.
    """
    services.leashes.require_open()
    services.temporal.require()


async def stored(
    services: Services, given: Sequence[Given], scope: Scope, receive: Receive, *, mask: Given | None = None
) -> tuple[InputRef, ...]:
    """Load pictures and keep them: all of them, or none.

    Args:
        mask: of the first picture; what is kept of it, behind the others, is it as a picture that can be looked at.

    Raises:
        CallerError: one cannot be had, or is none; `param` names it.
        ClientLeft: the client did.
        ShuttingDownError: the server is stopping.
    """
    caller = caller_of(scope, services.settings.server)
    leash = Leash()
    with services.leashes.holding(leash):
        wanted = given if mask is None else (*given, mask)
        loading = services.bridge.references.load_all(wanted, caller)
        pictures = await attended(loading, receive=receive, leash=leash, voice=_Silent())
    return await services.bridge.inputs.store_all(pictures, masked=mask is not None)


def digest_of(route: str, request: EditRequest | VisionRequest) -> str:
    """The digest of a request with pictures: their bytes count, their names do not."""
    body = digested(request) if isinstance(request, EditRequest) else request.model_dump(mode="json")
    if isinstance(request, EditRequest):
        body["mask"] = request.mask and request.mask.sha256
    return request_digest(route, {**body, "inputs": [ref.sha256 for ref in request.inputs]})


class _Silent:
    """Says nothing: while pictures are loaded the answer's status is still open."""

    def due(self) -> float:
        """Never, in practice."""
        return asyncio.get_running_loop().time() + 3600

    async def beat(self) -> None:
        """Nothing."""


def named(body: Mapping[str, Any]) -> Iterator[Given]:
    """What a JSON body names as its pictures."""
    beside = body.get("metadata")
    for within, holder in (("", body), ("metadata.", beside if isinstance(beside, Mapping) else {})):
        for name in (*LISTS, *SINGLES):
            value = holder.get(name)
            if isinstance(value, list):
                yield from (Given(f"{within}{name}[{number}]", one) for number, one in enumerate(value))
            elif value is not None:
                yield Given(f"{within}{name}", value)


def _parts(headers: Headers, content: bytes) -> tuple[Part, ...]:
    boundary = boundary_of(headers["content-type"])
    if boundary is None or headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaTypeError("The form must be multipart/form-data with a boundary, and not compressed.")
    return parts_of(content, boundary)


def _form(parts: Sequence[Part]) -> tuple[dict[str, Any], tuple[Given, ...]]:
    body: dict[str, Any] = {}
    pictures: dict[str, list[Any]] = {}
    for part in parts:
        name = part.name.removesuffix("[]")
        if name in _FIELDS:
            pictures.setdefault(name, []).append(_picture(part))
        elif name == _MASK:
            body[name] = _picture(part) or None
        elif part.filename is not None:
            # No other field takes a file; what names one is refused by its name.
            body[name] = part.filename
        else:
            body[name] = _value(name, part.text)
    return body, tuple(
        Given(name if len(values) == 1 else f"{name}[{number}]", value)
        for name, values in pictures.items()
        for number, value in enumerate(values)
    )


def _picture(part: Part) -> Sent | str:
    return part.text if part.filename is None else Sent(part.content, part.filename)


def _value(name: str, text: str) -> Any:
    """A form knows text only: the fields that are something else in JSON, as that; others stay text."""
    if name in _NUMBERS and text.strip().isdecimal() and len(text) < 10:
        return int(text)
    if name == "stream":
        return _SWITCHES.get(text.strip().lower(), text)
    if name == "metadata":
        try:
            return parsed(text.encode())
        except InvalidRequestError:
            raise InvalidRequestError("`metadata` is not valid JSON.", param="metadata") from None
    return text
