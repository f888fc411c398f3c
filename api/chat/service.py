"""A validated request as an order that the bridge can run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from api.caller import caller_of, grant_of
from api.chat.schemas import ChatOptions, ChatRequest
from api.overrides import chosen_accounts, merged, names_accounts
from api.prefer import idempotency_key, responds_async
from api.services import Services
from api.validation import validated
from bridge.chat import transcript
from bridge.chat.failover import ChatOrder
from bridge.chat.intents import require_plain_chat
from bridge.chat.models import AUTO, chat_model, is_auto
from bridge.idempotency.digest import request_digest
from core.contracts.routing import SPREADING
from core.errors import InvalidRequestError, OperationIdTakenError

ROUTE = "/v1/chat/completions"

_NOT_IN_DIGEST = {"messages", "metadata", "stream", "stream_options", "chatgpt_operation_id"}
_AFFINITY_HEADERS = ("x-chatgpt-affinity", "x-session-affinity")


@dataclass(frozen=True, slots=True)
class Wish:
    """A chat, as its client wants it answered.

    Attributes:
        owner: whose key asks.
        model: the name as the client wrote it.
        private: whether the request itself asks for a chat that upstream does not keep; `None`: it says nothing.
        key: the client's `Idempotency-Key`.
        detached: the client does not wait for the answer.
        request: the validated body, as the client sent it.
    """

    order: ChatOrder
    owner: str
    model: str
    stream: bool
    usage: bool
    operation_id: str | None
    private: bool | None
    key: str | None
    detached: bool
    request: ChatRequest = field(repr=False)


async def read_wish(services: Services, body: dict[str, Any], scope: Scope) -> Wish:
    """Validate everything there is to validate; nothing is sent and nothing is held yet.

    Raises:
        CallerError: `param` names the field or header, or the picture that cannot be had.
    """
    request, headers = validated(ChatRequest, body), Headers(scope=scope)
    key, detached = idempotency_key(headers), responds_async(headers)
    if detached and request.stream:
        raise InvalidRequestError("`Prefer: respond-async` and `stream` exclude each other.", param="stream")
    options = merged(ChatOptions, request, request.metadata)
    require_plain_chat({**request.__dict__, **options})
    said = transcript.read(request.messages)
    # The pool looks at the accounts anyway; most chats need nothing of them before.
    grant = grant_of(scope)
    plain = is_auto(request.model) and not names_accounts(options)
    pool = () if plain else await services.bridge.registry.snapshot()
    accounts = chosen_accounts(options, pool, grant)
    model = chat_model(request.model, request.thinking_effort, pool)
    grant.require_model(request.model or AUTO, model.slug)
    if any(one.pictures for one in said):
        caller = caller_of(scope, services.settings.server)
        said = await transcript.check_pictures(said, services.bridge.references, caller)
    private = _private(options)
    strategy = options["chatgpt_account_strategy"] or services.settings.accounts.strategy
    order = ChatOrder(
        transcript=said,
        model=model,
        temporary=services.settings.upstream.temporary_chat if private is None else private,
        accounts=accounts,
        strategy=options["chatgpt_account_strategy"],
        affinity=affinity_of(grant.owner, headers, request, said, spread=strategy in SPREADING),
    )
    if order.needs.inputs:
        await services.bridge.quota.before_chat(order.needs)
    return Wish(
        order=order,
        owner=grant.owner,
        model=request.model or AUTO,
        stream=bool(request.stream),
        usage=bool(request.stream_options and request.stream_options.include_usage),
        operation_id=options["chatgpt_operation_id"],
        private=private,
        key=key,
        detached=detached,
        request=request,
    )


async def require_free_id(services: Services, wish: Wish) -> None:
    """For a chat that is about to run under its client's id.

    Raises:
        OperationIdTakenError: the id is in use.
    """
    if wish.operation_id is None:
        return
    services.chats.require_free(wish.operation_id)
    if await services.bridge.operations.find(wish.operation_id) is not None:
        raise OperationIdTakenError("The operation id is taken.", param="chatgpt_operation_id")


async def digest_of(wish: Wish) -> str:
    """What makes two chats with the same key the same request: all but how and by which id the answer is read."""
    if any(said.pictures for said in wish.order.transcript):
        return await asyncio.to_thread(_digest, wish)
    return _digest(wish)


def _digest(wish: Wish) -> str:
    body = wish.request.model_dump(mode="json", exclude=_NOT_IN_DIGEST)
    beside = {name: value for name, value in (wish.request.metadata or {}).items() if name != "chatgpt_operation_id"}
    messages = [
        [said.role, said.text, [sha256(picture.content).hexdigest() for picture in said.pictures]]
        for said in wish.order.transcript
    ]
    return request_digest(ROUTE, {**body, "metadata": beside, "messages": messages})


def _private(options: dict[str, Any]) -> bool | None:
    names = ("history_and_training_disabled", "temporary_chat", "chatgpt_temporary_chat")
    return next((bool(options[name]) for name in names if options[name] is not None), None)


def affinity_of(
    owner: str, headers: Headers, request: ChatRequest, said: tuple[transcript.Said, ...], *, spread: bool
) -> str | None:
    """The most explicit sign of which conversation of its owner this is; a client's own words may be long: hashed.

    Where requests are to be spread, only what the client says itself counts.
    """
    given = next((headers[name] for name in _AFFINITY_HEADERS if headers.get(name)), request.prompt_cache_key)
    if spread and not given:
        return None
    sign = transcript.opening(said) if not given else blake2b(given.encode(), digest_size=16).hexdigest()
    return f"{owner}:{sign}"
