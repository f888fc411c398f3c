"""Which models a plan offers, and the account's other read-only pages (docs/protocol.md sections 2.2 to 2.4 and 9)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from provider.simulator import wire
from provider.simulator.accounts import Account
from provider.simulator.door import Visit, json_object
from provider.simulator.refusals import CATALOGUE, RefusedError

_MINI = "gpt-5-5-mini"
_CORE = "gpt-5-5"
_THINKING = "gpt-5-5-thinking"
_PRO = "gpt-5-5-pro"
_EFFORTS = {_THINKING: ("standard", "extended", "max"), _PRO: ("standard", "extended")}
_TITLES = {_MINI: "GPT-5.5 Mini", _CORE: "GPT-5.5", _THINKING: "GPT-5.5 Thinking", _PRO: "GPT-5.5 Pro"}


def offered(plan: str) -> tuple[str, ...]:
    """The slugs a plan may use."""
    if plan in ("free", "go"):
        return (_MINI,)
    return (_CORE, _THINKING, _PRO) if plan == "pro" else (_CORE, _THINKING)


def resolve(account: Account, model: str) -> str:
    """The model that answers; a capped one is replaced in silence, as upstream does.

    Raises:
        RefusedError: the account's plan does not offer the model.
    """
    slugs = offered(account.plan)
    if model == "auto":
        return slugs[0]
    if model not in slugs:
        raise RefusedError(CATALOGUE["model_not_found"])
    return _MINI if model in account.model_limits else model


def thinks(model: str) -> bool:
    """Whether the model shows thoughts before its answer."""
    return model in _EFFORTS


async def init(request: web.Request, visit: Visit) -> web.StreamResponse:
    """`POST /backend-api/conversation/init`."""
    await json_object(request)
    return web.json_response(visit.account.limits(), dumps=wire.dumps)


async def models(request: web.Request, visit: Visit) -> web.StreamResponse:
    """`GET /backend-api/models`."""
    slugs = offered(visit.account.plan)
    answer = {
        "default_model_slug": slugs[0],
        "model_picker_version": 2,
        "models": [_model(slug) for slug in slugs],
        "categories": [],
        "versions": [_version(slugs)],
    }
    return web.json_response(answer, dumps=wire.dumps)


async def settings(request: web.Request, visit: Visit) -> web.StreamResponse:
    """`GET /backend-api/settings/user`."""
    slug = offered(visit.account.plan)[0]
    saved = {
        "default_model_config": {"default_model_slug": None, "juices": {}},
        "last_used_model_config": {"slugs": {"web": slug, "default": slug}, "juices": {"web": {}}},
        "wingman_thinking_effort": "instant",
    }
    options = {"backend_reasoning_effort": ["instant", "medium", "high"]}
    return web.json_response({"settings": saved, "available_options": options})


async def me(request: web.Request, visit: Visit) -> web.StreamResponse:
    """`GET /backend-api/me`."""
    account = visit.account
    person = {"object": "user", "id": account.user_id, "email": account.email, "name": account.alias}
    return web.json_response({**person, "created": 1_700_000_000, "picture": None})


async def account_check(request: web.Request, visit: Visit) -> web.StreamResponse:
    """`GET /backend-api/accounts/check/v4-2023-04-27`."""
    account = visit.account
    entry: dict[str, Any] = {
        "account": {"account_id": account.account_id, "plan_type": account.plan, "is_deactivated": account.disabled},
        "entitlement": {"subscription_plan": f"chatgpt{account.plan}plan", "has_active_subscription": True},
        "features": ["image_gen_tool_enabled"],
    }
    return web.json_response({"accounts": {account.account_id: entry}, "account_ordering": [account.account_id]})


def _model(slug: str) -> dict[str, Any]:
    efforts = _EFFORTS.get(slug, ())
    return {
        "slug": slug,
        "title": _TITLES[slug],
        "description": "A simulated model",
        "max_tokens": 120_000,
        "tags": [],
        "capabilities": {},
        "reasoning_type": "reasoning" if efforts else "none",
        "configurable_thinking_effort": bool(efforts),
        "thinking_efforts": [
            {"thinking_effort": effort, "full_label": effort.title(), "short_label": effort.title(), "description": ""}
            for effort in efforts
        ],
        "enabled_tools": ["search", "image_gen_tool_enabled"],
        "product_features": {
            "attachments": {
                "type": "retrieval",
                "accepted_mime_types": [],
                "image_mime_types": ["image/png", "image/jpeg", "image/gif", "image/webp"],
                "can_accept_all_mime_types": True,
            }
        },
    }


def _version(slugs: tuple[str, ...]) -> dict[str, Any]:
    presets = [
        {
            "title": effort.title(),
            "selected_display_title": f"5.5 {effort.title()}",
            "model_slug": slug,
            "lane": "thinking",
            "thinking_effort": effort,
            "preset_type": "available",
        }
        for slug in slugs
        for effort in _EFFORTS.get(slug, ())
    ]
    return {
        "id": "5.5",
        "display_text": "5.5",
        "display_text_for_intelligence": "GPT-5.5",
        "enabled": True,
        "slugs": list(slugs),
        "intelligence_presets": presets,
    }
