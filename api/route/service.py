"""A request that is only looked at: what it would ask of an account, and who would serve it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from api.affinity import affinity_of
from api.caller import grant_of
from api.chat.schemas import ChatOptions, ChatRequest
from api.images.inputs import named
from api.images.schemas import ImageGenerationRequest
from api.overrides import AccountOptions, chosen_accounts, merged
from api.privacy import PrivacyOptions
from api.research.schemas import ResearchBody, ResearchOptions
from api.services import Services
from api.validation import validated
from api.vision.schemas import VisionBody
from bridge.accounts.account import Account
from bridge.chat import transcript
from bridge.chat.failover import NOBODY
from bridge.chat.intents import asks_research
from bridge.chat.models import AUTO, RESEARCH, chat_model, fallback_for, image_slug, research_model
from bridge.chat.order import ChatOrder
from bridge.keys.grant import Grant
from bridge.operations.turns import needs_of
from bridge.routing.explain import Explanation
from bridge.routing.needs import Needs
from core.contracts.images import ImageRequest
from core.contracts.operations import OperationKind
from core.contracts.research import ResearchRequest
from core.contracts.texts import VisionRequest
from core.errors import InvalidRequestError, UnsupportedModelError

_KINDS = ("chat", "image", "edit", "vision", "research", "response")


@dataclass(frozen=True, slots=True)
class Told:
    """What would become of a request.

    Attributes:
        accounts: every account as it is now.
        fallback: the model that would answer instead of its own; the explanation is of that one then.
        own: what would become of it with its own model, where another would answer.
    """

    explanation: Explanation
    accounts: tuple[Account, ...]
    fallback: str | None = None
    own: Explanation | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what, among whom."""

    services: Services
    body: dict[str, Any]
    pool: tuple[Account, ...]
    grant: Grant
    scope: Scope


async def explain(services: Services, body: dict[str, Any], scope: Scope) -> Told:
    """What would become of a request.

    Raises:
        CallerError: the request would be refused before any account is looked at; `param` names the field.
    """
    kind, inner = _taken_apart(body)
    pool = await services.bridge.registry.snapshot()
    asked = Asked(services, inner, pool, grant_of(scope), scope)
    needs, affinity = _needs(kind, asked)
    told = await services.bridge.pool.explain(needs, affinity=affinity, allowed=asked.grant.accounts)
    fallback = fallback_for(services.settings.chat.model_fallback, asked.grant, pool)
    every = await services.bridge.registry.every()
    if fallback is None or fallback.model.slug == needs.slug or not _falls_back(kind, told):
        return Told(told, every)
    instead = needs.model_copy(update={"slug": fallback.model.slug, "effort": fallback.model.effort})
    other = await services.bridge.pool.explain(instead, affinity=affinity, allowed=asked.grant.accounts)
    return Told(told, every) if other.outcome == "refused" else Told(other, every, fallback.name, told)


def _falls_back(kind: str, told: Explanation) -> bool:
    """Whether another model is tried for what this one's accounts refuse. Long work waits for what passes."""
    return (kind == "chat" and isinstance(told.refusal, NOBODY)) or (
        kind == "response" and isinstance(told.refusal, UnsupportedModelError)
    )


def _taken_apart(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    kind, inner = body.get("kind", "chat"), body.get("request")
    if kind not in _KINDS:
        raise InvalidRequestError(f"`kind`: must be one of {', '.join(_KINDS)}.", param="kind")
    if inner is None:
        inner = {name: value for name, value in body.items() if name != "kind"}
    if not isinstance(inner, dict):
        raise InvalidRequestError("`request`: must be an object, the body as it would be sent.", param="request")
    if kind == "chat" and asks_research(inner):
        return "research", inner
    return kind, inner


def _needs(kind: str, asked: Asked) -> tuple[Needs, str | None]:
    if kind in ("chat", "response"):
        return _chat(kind, asked)
    if kind == "vision":
        return _vision(asked), None
    return (_research(asked) if kind == "research" else _image(kind, asked)), None


def _chat(kind: str, asked: Asked) -> tuple[Needs, str | None]:
    request = validated(ChatRequest, asked.body)
    options = merged(ChatOptions, request, request.metadata)
    said = transcript.read(request.messages)
    model = chat_model(request.model, request.thinking_effort, asked.pool, reasoning=request.reasoning_effort)
    asked.grant.require_model(request.model or AUTO, model.slug)
    strategy = options["chatgpt_account_strategy"]
    order = ChatOrder(said, model, accounts=_accounts(options, asked), strategy=strategy)
    if kind == "response":
        return order.needs().model_copy(update={"kind": "response"}), None
    affinity = affinity_of(
        asked.grant.owner,
        Headers(scope=asked.scope),
        said,
        given=request.prompt_cache_key,
        strategy=strategy or asked.services.settings.accounts.strategy,
    )
    return order.needs(), affinity


def _image(kind: str, asked: Asked) -> Needs:
    request = validated(ImageGenerationRequest, asked.body)
    options = merged(AccountOptions, request, request.metadata)
    slug = image_slug(request.model, asked.pool)
    asked.grant.require_model(request.model or AUTO, slug)
    wanted = ImageRequest(prompt=request.prompt, slug=slug, **_routing(options, asked))
    masked = asked.body.get("mask") is not None
    return needs_of(OperationKind(kind), wanted, inputs=_pictures(asked) + masked if kind == "edit" else 0)


def _vision(asked: Asked) -> Needs:
    body = validated(VisionBody, asked.body)
    options = merged(PrivacyOptions, body, body.metadata)
    model = chat_model(body.model, body.thinking_effort, asked.pool)
    asked.grant.require_model(body.model or AUTO, model.slug)
    wanted = VisionRequest(prompt="", slug=model.slug, effort=model.effort, **_routing(options, asked))
    return needs_of(OperationKind.VISION, wanted, inputs=_pictures(asked))


def _research(asked: Asked) -> Needs:
    names = (*ResearchOptions.model_fields, "metadata")
    given = {name: asked.body[name] for name in names if name in asked.body}
    body = validated(ResearchBody, {**given, "prompt": "explain", "model": asked.body.get("model")})
    options = merged(ResearchOptions, body, body.metadata)
    asked.grant.require_model(research_model(body.model), RESEARCH)
    return needs_of(OperationKind.RESEARCH, ResearchRequest(prompt="", **_routing(options, asked)), inputs=0)


def _pictures(asked: Asked) -> int:
    return max(len([*named(asked.body)]), 1)


def _routing(options: dict[str, Any], asked: Asked) -> dict[str, Any]:
    return {"accounts": _accounts(options, asked), "strategy": options["chatgpt_account_strategy"]}


def _accounts(options: dict[str, Any], asked: Asked) -> tuple[str, ...]:
    return chosen_accounts(options, asked.pool, asked.grant)
