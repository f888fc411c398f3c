"""A chat and a picture that the operator tries: the same as any client's, with the time it took."""

from __future__ import annotations

import time
from typing import Any

from starlette.types import Receive, Scope

from api.answers.counted import answer_counted
from api.answers.naming import identity
from api.answers.unheard import Unheard
from api.body import read_object
from api.caller import grant_of
from api.chat.completion import completion
from api.chat.service import read_wish
from api.images.answers import image_answer
from api.images.service import admission_of
from api.links import Links
from api.services import Services
from bridge.chat.choices import Choices
from bridge.chat.models import AUTO
from bridge.operations.admission import Admission
from core.contracts.keys import AccessScope
from core.contracts.operations import OperationRecord
from core.errors import InvalidRequestError, UnsupportedParameterError

_GREETING = "Say hello in one short sentence."


async def chat(services: Services, scope: Scope, receive: Receive) -> dict[str, Any]:
    """Run a chat to its end.

    Raises:
        BridgeError: whatever a client would be told.
    """
    grant_of(scope).require(AccessScope.CHAT)
    body = await read_object(scope, receive)
    words = _text(body, "message") or _text(body, "prompt") or _GREETING
    system = _text(body, "system")
    messages = [{"role": "system", "content": system}] if system else []
    asked = {"model": _text(body, "model") or AUTO, "messages": [*messages, {"role": "user", "content": words}]}
    wanted = (await read_wish(services, asked, scope)).asked
    run, began = Choices(services.bridge.pool, services.bridge.chat_uploads, wanted.order), time.monotonic()
    named = identity(wanted)
    answered = await answer_counted(services, wanted, run, named, Unheard())
    response = completion(answered, named, model=wanted.model)
    return {"ok": True, "latency_ms": _since(began), "content": answered.answers[0].text, "response": response}


async def read_image(services: Services, scope: Scope, receive: Receive) -> Admission:
    """A picture to try.

    Raises:
        UnsupportedParameterError: `output_dir` is there: files are kept where all files are.
        InvalidRequestError: `param` names the field.
        MissingScopeError: the key may not draw.
    """
    grant_of(scope).require(AccessScope.IMAGES)
    body = await read_object(scope, receive)
    if body.get("output_dir"):
        raise UnsupportedParameterError(
            "Pictures are kept in the folder of all artifacts; download them from there.", param="output_dir"
        )
    asked = {"prompt": _text(body, "prompt") or "", "model": _text(body, "model") or AUTO}
    return admission_of(asked, scope, await services.bridge.registry.snapshot())


async def image_document(services: Services, record: OperationRecord, links: Links) -> dict[str, Any]:
    """The picture's answer, and how long its operation took."""
    ended, began = record.finished_at, record.created_at
    took = 0 if ended is None else round((ended - began).total_seconds() * 1000)
    return {"ok": True, "latency_ms": took, "response": await image_answer(services, record, links)}


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequestError(f"`{name}`: must be text.", param=name)
    return value


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
