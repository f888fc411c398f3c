"""A validated request as an order that the bridge can run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from api.affinity import affinity_of
from api.answers.asked import Asked
from api.answers.commands import OwnWords, own_words
from api.answers.forming import chat_form, chat_words
from api.caller import caller_of, grant_of
from api.chat.fields import FIELDS
from api.chat.schemas import ChatOptions, ChatRequest
from api.effects import require_served
from api.overrides import chosen_accounts, merged, names_accounts
from api.prefer import idempotency_key, responds_async
from api.privacy import private_of
from api.services import Services
from api.validation import validated
from bridge.accounts.account import Account
from bridge.chat import transcript
from bridge.chat.composing import composed
from bridge.chat.helpers import helper_call
from bridge.chat.intents import agent_mode
from bridge.chat.models import AUTO, chat_model, fallback_for, is_auto
from bridge.chat.order import ChatOrder, Form
from bridge.chat.tools.offer import PromptMode
from bridge.chat.transcript import Said
from bridge.idempotency.digest import request_digest
from core.errors import InvalidRequestError

ROUTE = "/v1/chat/completions"

_NOT_IN_DIGEST = {"messages", "metadata", "stream", "stream_options", "chatgpt_operation_id"}


@dataclass(frozen=True, slots=True)
class Wish:
    """A chat, as its client wants it answered.

    Attributes:
        asked: what is run for it.
        said: what its client says, oldest first.
        words: what its body says of the answer's form.
        private: whether the request itself asks for a chat that upstream does not keep; `None`: it says nothing.
        detached: the client does not wait for the answer.
        request: the validated body, as the client sent it.
        options: the bridge's own options, from the body or its `metadata`.
        own_words: makes the answer where the bridge has it itself.
    """

    asked: Asked
    said: tuple[Said, ...] = field(repr=False)
    words: dict[str, Any] = field(repr=False)
    private: bool | None
    detached: bool
    request: ChatRequest = field(repr=False)
    options: dict[str, Any] = field(repr=False)
    own_words: OwnWords | None = None


async def read_wish(services: Services, body: dict[str, Any], scope: Scope) -> Wish:
    """Validate everything there is to validate; nothing is sent and nothing is held yet.

    Raises:
        CallerError: `param` names the field or header, or the file that cannot be had.
    """
    request, headers = validated(ChatRequest, body), Headers(scope=scope)
    require_served(FIELDS, body)
    key, detached = idempotency_key(headers), responds_async(headers)
    if detached and request.stream:
        raise InvalidRequestError("`Prefer: respond-async` and `stream` exclude each other.", param="stream")
    options = merged(ChatOptions, request, request.metadata)
    said = transcript.read(request.messages)
    # The pool looks at the accounts anyway; most chats need nothing of them before.
    plain = is_auto(request.model) and not names_accounts(options)
    pool = () if plain else await services.bridge.registry.snapshot()
    mode = PromptMode(services.settings.chat.agent_mode)
    words = chat_words(body, agent_mode(options, request.model, mode))
    form = chat_form(words, mode)
    helper = helper_call(said, form, headers)
    own = own_words(services, said, helper, scope)
    if helper is not None and helper.title is not None:
        said = transcript.without_files(said)
    if any(one.files for one in said):
        said = await transcript.with_files(said, services.bridge.references, caller_of(scope, services.settings.server))
    order = await _order(services, request, options, form, said, pool, scope)
    order = order if helper is None else replace(order, helper=True, affinity=None)
    if order.files:
        await services.bridge.quota.before_chat(order.needs())
    asked = Asked(
        route=ROUTE,
        order=order,
        owner=grant_of(scope).owner,
        model=request.model or AUTO,
        operation_id=options["chatgpt_operation_id"],
        key=key,
        digest=lambda: _digest_of(request, said),
        choices=request.n or 1,
    )
    return Wish(asked, said, words, private_of(options), detached, request, options, own)


async def _order(
    services: Services,
    request: ChatRequest,
    options: dict[str, Any],
    form: Form,
    said: tuple[Said, ...],
    pool: tuple[Account, ...],
    scope: Scope,
) -> ChatOrder:
    grant, settings, private = grant_of(scope), services.settings, private_of(options)
    accounts = chosen_accounts(options, pool, grant)
    model = chat_model(request.model, request.thinking_effort, pool, reasoning=request.reasoning_effort)
    grant.require_model(request.model or AUTO, model.slug)
    strategy, talk = options["chatgpt_account_strategy"], settings.chat
    heard = await composed(said, form, most_tokens=talk.history_tokens, workspace=talk.tool_workspace)
    return ChatOrder(
        messages=heard.messages,
        tokens=heard.tokens,
        model=model,
        temporary=settings.upstream.temporary_chat if private is None else private,
        accounts=accounts,
        strategy=strategy,
        affinity=affinity_of(
            grant.owner,
            Headers(scope=scope),
            said,
            given=request.prompt_cache_key,
            strategy=strategy or settings.accounts.strategy,
        ),
        form=form,
        fallback=fallback_for(settings.chat.model_fallback, grant, pool),
        search=request.web_search_options is not None,
    )


async def _digest_of(request: ChatRequest, said: tuple[Said, ...]) -> str:
    """What makes two chats with the same key the same request: all but how and by which id the answer is read."""
    if any(one.files for one in said):
        return await asyncio.to_thread(_digest, request, said)
    return _digest(request, said)


def _digest(request: ChatRequest, said: tuple[Said, ...]) -> str:
    body = request.model_dump(mode="json", exclude=_NOT_IN_DIGEST)
    beside = {name: value for name, value in (request.metadata or {}).items() if name != "chatgpt_operation_id"}
    messages = [
        [
            one.role,
            one.text,
            [sha256(file.content).hexdigest() for file in one.files],
            [[call.id, call.name, call.arguments] for call in one.calls],
            one.call_id,
            one.name,
        ]
        for one in said
    ]
    return request_digest(ROUTE, {**body, "metadata": beside, "messages": messages})
