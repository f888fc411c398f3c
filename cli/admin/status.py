"""`chatgpt-api admin status`, `models` and `capacity`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli import output
from cli.options import ApiKey, BaseUrl, Json, connect

_BUCKETS = ("chat", "helper", "upload", "image", "research")


def status(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """How the running bridge is set up."""
    with connect(base_url, api_key) as client:
        told = client.admin.status()
    if as_json:
        output.data(told.as_sent())
        return
    routing = told.routing
    output.fields(
        ok=told.ok,
        base_url=told.server.get("base_url"),
        auth=told.server.get("auth_mode"),
        temporal=told.server.get("temporal"),
        accounts=routing.get("accounts", []),
        strategy=routing.get("account_strategy"),
        chat_concurrency=_pairs(routing.get("account_concurrency", {})),
        feature_concurrency="; ".join(
            f"{bucket}: {_pairs(slots)}" for bucket, slots in routing.get("feature_concurrency", {}).items()
        ),
        temporary_chat=routing.get("temporary_chat"),
        storage_db=told.storage.get("admin_db_path"),
        artifacts=told.storage.get("artifact_count"),
    )


def models(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Every model that some account can serve."""
    with connect(base_url, api_key) as client:
        found = client.models()
    if as_json:
        output.data({"object": "list", "data": [model.as_sent() for model in found]})
        return
    width = max((len(model.id) for model in found), default=0)
    for model in found:
        output.result(f"{model.id:<{width}}  {model.as_sent().get('owned_by', '')}".rstrip())


def capacity(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """What may run at once, and what is left of each account's quota."""
    with connect(base_url, api_key) as client:
        told, usage, found = client.admin.status(), client.usage.now(), client.models()
    left = {entry.get("account"): entry.get("features", {}) for entry in usage.accounts}
    accounts = [_account(alias, told.routing, left.get(alias, {})) for alias in told.routing.get("accounts", [])]
    totals = {f"{bucket}_parallel": sum(one[f"{bucket}_parallel"] for one in accounts) for bucket in _BUCKETS}
    if as_json:
        output.data(
            {
                "object": "chatgpt.capacity",
                "ok": told.ok,
                "strategy": told.routing.get("account_strategy"),
                "temporary_chat": told.routing.get("temporary_chat"),
                "models": [model.id for model in found],
                "model_count": len(found),
                "accounts": accounts,
                "totals": totals,
                "storage": told.storage,
                "routes": told.routes,
            }
        )
        return
    output.fields(ok=told.ok, strategy=told.routing.get("account_strategy"), models=len(found), **totals)
    for one in accounts:
        slots = " ".join(f"{bucket}={one[f'{bucket}_parallel']}" for bucket in _BUCKETS)
        quota = ", ".join(f"{name} {_left(one[f'{name}_quota'])}" for name in ("file_upload", "image", "research"))
        output.result(f"{one['account']}: {slots}; {quota}")
    output.fields(**{f"path_{name}": path for name, path in told.routes.items()})
    output.fields(**told.storage)


def _account(alias: str, routing: Mapping[str, Any], features: Mapping[str, Any]) -> dict[str, Any]:
    slots = {"chat": routing.get("account_concurrency", {}), **routing.get("feature_concurrency", {})}
    parallel = {f"{bucket}_parallel": int(slots.get(bucket, {}).get(alias, 0)) for bucket in _BUCKETS}
    names = {"file_upload": "file_upload", "image_gen": "image", "deep_research": "research"}
    quota = {f"{short}_quota": _quota(features.get(name)) for name, short in names.items()}
    return {"account": alias, **parallel, **quota}


def _quota(feature: Mapping[str, Any] | None) -> dict[str, Any]:
    if not feature or not feature.get("reported"):
        return {"reported": False}
    return {"reported": True, **{name: feature.get(name) for name in ("remaining", "reset_after", "blocked")}}


def _left(quota: Mapping[str, Any]) -> str:
    if not quota["reported"]:
        return "not reported"
    return "blocked" if quota["blocked"] else f"{output.number(quota['remaining'])} left"


def _pairs(numbers: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={number}" for name, number in numbers.items()) or "-"
