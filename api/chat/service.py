"""A validated request as an order that the bridge can run."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from starlette.datastructures import Headers

from api.chat.schemas import ChatOptions, ChatRequest
from api.overrides import chosen_accounts, merged, names_accounts
from api.services import Services
from api.validation import validated
from bridge.chat import transcript
from bridge.chat.failover import ChatOrder
from bridge.chat.intents import require_plain_chat
from bridge.chat.models import AUTO, chat_model, is_auto
from core.errors import OperationIdTakenError

_AFFINITY_HEADERS = ("x-chatgpt-affinity", "x-session-affinity")


@dataclass(frozen=True, slots=True)
class Wish:
    """A chat, as its client wants it answered. `model` is the name as the client wrote it."""

    order: ChatOrder
    model: str
    stream: bool
    usage: bool
    operation_id: str | None


async def read_wish(services: Services, body: dict[str, Any], headers: Headers) -> Wish:
    """Validate everything there is to validate; nothing is sent and nothing is held yet.

    Raises:
        InvalidRequestError, UnsupportedParameterError: `param` names the field.
        OperationIdTakenError: the id is in use.
    """
    request = validated(ChatRequest, body)
    options = merged(ChatOptions, request, request.metadata)
    require_plain_chat({**request.__dict__, **options})
    said = transcript.read(request.messages)
    # The pool looks at the accounts anyway; most chats need nothing of them before.
    plain = is_auto(request.model) and not names_accounts(options)
    pool = () if plain else await services.bridge.registry.snapshot()
    accounts = chosen_accounts(options, pool)
    model = chat_model(request.model, request.thinking_effort, pool)
    if any(one.pictures for one in said):
        said = await transcript.check_pictures(said)
    operation_id = options["chatgpt_operation_id"]
    if operation_id is not None:
        await _require_free(services, operation_id)
    order = ChatOrder(
        transcript=said,
        model=model,
        temporary=_temporary(options, default=services.settings.upstream.temporary_chat),
        accounts=accounts,
        affinity=_affinity(headers, request, said),
    )
    return Wish(
        order=order,
        model=request.model or AUTO,
        stream=bool(request.stream),
        usage=bool(request.stream_options and request.stream_options.include_usage),
        operation_id=operation_id,
    )


async def _require_free(services: Services, operation_id: str) -> None:
    services.chats.require_free(operation_id)
    if await services.bridge.operations.find(operation_id) is not None:
        raise OperationIdTakenError("The operation id is taken.", param="chatgpt_operation_id")


def _temporary(options: dict[str, Any], *, default: bool) -> bool:
    names = ("history_and_training_disabled", "temporary_chat", "chatgpt_temporary_chat")
    return next((options[name] for name in names if options[name] is not None), default)


def _affinity(headers: Headers, request: ChatRequest, said: tuple[transcript.Said, ...]) -> str:
    """The most explicit sign of which conversation this is, as a hash: a client's own words may be long."""
    given = next((headers[name] for name in _AFFINITY_HEADERS if headers.get(name)), request.prompt_cache_key)
    return transcript.opening(said) if not given else blake2b(given.encode(), digest_size=16).hexdigest()
