"""`GET /v1/chatgpt/admin/status`: where the server listens, how it routes, what is saved and where files lie."""

from __future__ import annotations

from typing import Any

from api.admin import slots
from api.services import Services
from core.contracts.buckets import Bucket

_ROUTES = {
    "health": "/health",
    "models": "/v1/models",
    "usage": "/v1/chatgpt/usage",
    "chat": "/v1/chat/completions",
    "images": "/v1/images/generations",
    "image_edits": "/v1/images/edits",
    "vision": "/v1/chatgpt/vision",
    "research": "/v1/chatgpt/research",
    "files": "/v1/chatgpt/files/{id}/{filename}",
    "operation": "/v1/chatgpt/operations/{id}",
    "operation_cancel": "/v1/chatgpt/operations/{id}/cancel",
    "route_explain": "/v1/chatgpt/route/explain",
    "admin_api": "/v1/chatgpt/admin",
}


async def status(services: Services, port: int) -> dict[str, Any]:
    """All of it; no key is in it. There is no console in this version: what tells of one is null.

    Args:
        port: where the server listens, which the setting does not say when it leaves the choice to the system.
    """
    settings, bridge = services.settings, services.bridge
    accounts = await bridge.registry.snapshot()
    server, storage = settings.server, settings.storage
    return {
        "object": "chatgpt.admin.status",
        "ok": True,
        "server": {
            "host": server.host,
            "port": port,
            "base_url": f"http://{f'[{server.host}]' if ':' in server.host else server.host}:{port}/v1",
            "public_base_url": server.public_base_url,
            "api_key_required": True,
            "auth_mode": "bearer",
            "console_url": None,
            "console_command": None,
            "temporal": "ok" if services.temporal.available else "unavailable",
        },
        "routing": {
            "account": accounts[0].alias if accounts else None,
            "accounts": [account.alias for account in accounts],
            "account_strategy": settings.accounts.strategy.value,
            "account_concurrency": {account.alias: account.limits.get(Bucket.CHAT, 1) for account in accounts},
            "feature_concurrency": {
                bucket.value: {account.alias: account.limits.get(bucket, 1) for account in accounts}
                for bucket in (Bucket.UPLOAD, Bucket.IMAGE, Bucket.RESEARCH)
            },
            "agent_prompt_mode": settings.chat.agent_mode,
            "model_fallback": settings.chat.model_fallback,
            "temporary_chat": settings.upstream.temporary_chat,
        },
        "settings": await slots.settings(services),
        "storage": {
            "admin_db_path": storage.database.removeprefix("sqlite:///"),
            "image_output_dir": str(storage.artifacts_dir.absolute()),
            "research_output_dir": str(storage.artifacts_dir.absolute()),
            "artifact_count": await bridge.kept_files.count(),
        },
        "routes": _ROUTES,
    }
