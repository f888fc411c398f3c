"""A validated request for a response as an order that the bridge can run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from api.affinity import affinity_of
from api.answers.asked import Asked
from api.answers.commands import own_words
from api.answers.forming import response_form, response_words
from api.answers.options import TalkOptions
from api.caller import grant_of
from api.effects import require_served
from api.overrides import chosen_accounts, merged
from api.prefer import idempotency_key, responds_async
from api.privacy import private_of
from api.responses import compaction, items
from api.responses.beside import ignored, searches, told_of, with_tools
from api.responses.fields import FIELDS
from api.responses.history import NOTHING, history_of
from api.responses.references import resolved
from api.responses.saying import Speech
from api.responses.schemas import ResponseBody
from api.responses.wish import Wish
from api.services import Services
from api.validation import validated
from bridge.chat.helpers import HelperCall, helper_call
from bridge.chat.intents import agent_mode
from bridge.chat.models import AUTO, chat_model, fallback_for
from bridge.chat.order import PLAIN, ChatOrder, Continued
from bridge.chat.tools.offer import PromptMode
from bridge.idempotency.digest import request_digest
from core import ids
from core.errors import InvalidRequestError

ROUTE = "/v1/responses"

_NOT_IN_DIGEST = {"stream", "chatgpt_operation_id"}


async def read_wish(services: Services, body: dict[str, Any], scope: Scope) -> Wish:
    """Validate everything there is to validate; nothing is sent and nothing is held yet.

    Raises:
        CallerError: `param` names the field or header, or the file that cannot be had.
    """
    request, headers, grant = validated(ResponseBody, body), Headers(scope=scope), grant_of(scope)
    require_served(FIELDS, body)
    options = merged(TalkOptions, request, dict(request.metadata or {}))
    detached = bool(request.background) or responds_async(headers)
    if detached and request.store is False:
        raise InvalidRequestError("`background` wants `store`: nobody else keeps the answer.", param="store")
    given = await resolved(services, items.read_items(request.input), grant.owner)
    compacts = compaction.is_wanted(given)
    if compacts and detached:
        raise InvalidRequestError("A summary is not made in the background.", param="background")
    default = PromptMode(services.settings.chat.agent_mode)
    words = response_words(with_tools(body, given), agent_mode(options, request.model, default))
    form = response_form(words, default)
    history = await history_of(services, request, grant.owner)
    if detached:
        # An operation begins a conversation of its own, by which it can be looked up after a crash.
        history = replace(history, place=None)
    heard = items.said(given, param="input", offer=form.offer)
    if compacts and not heard and history == NOTHING:
        raise InvalidRequestError("`input` has nothing to sum up.", param="input")
    helper = HelperCall("summary") if compacts else helper_call(heard, form, told_of(body, headers))
    speech = Speech(
        services,
        scope,
        owner=grant.owner,
        instructions=request.instructions,
        given=compaction.in_words(given) if compacts else given,
        history=history,
        form=PLAIN if compacts else form,
        most_tokens=services.settings.chat.history_tokens if request.truncation == "auto" else None,
        with_files=helper is None or helper.title is None,
    )
    order, told = await _order(services, request, options, scope, speech, helper)
    asked = Asked(
        route=ROUTE,
        order=order,
        owner=grant.owner,
        model=request.model or AUTO,
        operation_id=options["chatgpt_operation_id"],
        key=idempotency_key(headers),
        digest=partial(_digest, request),
        new_id=ids.response_id,
    )
    return Wish(
        asked,
        request,
        given,
        words,
        told,
        private_of(options),
        detached,
        compacts=compacts,
        ignored=ignored(request, form.offer, given),
        own_words=own_words(services, heard, helper, scope) if heard else None,
    )


async def _order(
    services: Services,
    request: ResponseBody,
    options: dict[str, Any],
    scope: Scope,
    speech: Speech,
    helper: HelperCall | None,
) -> tuple[ChatOrder, str | None]:
    """The order, and what names the tools that the model knows by its end."""
    grant, settings, pool = grant_of(scope), services.settings, await services.bridge.registry.snapshot()
    effort = request.reasoning.effort if request.reasoning else None
    model = chat_model(request.model, None, pool, reasoning=effort)
    grant.require_model(request.model or AUTO, model.slug)
    strategy, private, place = options["chatgpt_account_strategy"], private_of(options), speech.place
    affinity = affinity_of(
        grant.owner,
        Headers(scope=scope),
        speech.opening,
        given=request.prompt_cache_key,
        strategy=strategy or settings.accounts.strategy,
    )
    found = await speech.composed()
    order = ChatOrder(
        messages=found.messages,
        tokens=found.tokens,
        model=model,
        temporary=settings.upstream.temporary_chat if private is None else private,
        accounts=chosen_accounts(options, pool, grant),
        strategy=strategy,
        affinity=affinity if helper is None else None,
        form=speech.form,
        fallback=fallback_for(settings.chat.model_fallback, grant, pool),
        search=searches(request),
        helper=helper is not None,
    )
    if order.files:
        await services.bridge.quota.before_chat(order.needs())
    if place is None:
        return order, found.told

    async def afresh() -> ChatOrder:
        whole = await speech.whole()
        return replace(order, messages=whole.messages, tokens=whole.tokens)

    continued = Continued(place.account, place.upstream_id, place.message_id)
    return replace(order, continued=continued, afresh=afresh), found.told or place.told


async def _digest(request: ResponseBody) -> str:
    """What makes two requests with the same key the same: all but how and by which id the answer is read."""
    return request_digest(ROUTE, request.model_dump(mode="json", exclude=_NOT_IN_DIGEST))
