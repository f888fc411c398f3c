"""What a capture shows of its request, and what the account's settings say of models (docs/protocol.md section 1.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from core.redaction import redact, redact_text
from provider.chatgpt_web.capture.bodies import json_object
from provider.chatgpt_web.capture.claims import model_cookie
from provider.chatgpt_web.capture.model import Capture
from provider.interface.accounts import PickerSettings, Seen

_LONGEST = 128
_LANES = ("web", "default")
"""Where a model was chosen last, the one that counts most first."""


def see(capture: Capture) -> Seen:
    """What may be shown of a capture: no secret, and no word longer than 128 characters but in headers."""
    body = capture.body or {}
    return Seen(
        url=_address(capture.url),
        status=capture.status,
        headers=redact(capture.headers),
        cookie_count=len(capture.cookies),
        model=_word(body.get("model")),
        action=_word(body.get("action")),
        thinking_effort=_word(body.get("thinking_effort")),
        last_model_config=_words(model_cookie(capture.cookies.get("oai-last-model-config"))),
        default_model_config=_words(model_cookie(capture.cookies.get("oai-default-model-config"))),
    )


def read_settings(text: str | None) -> PickerSettings | None:
    """The document that `GET /backend-api/settings/user` answers; `None` where there is no readable one."""
    document = json_object(text)
    if document is None:
        return None
    settings = _object(document, "settings") or document
    default, last = _object(settings, "default_model_config"), _object(settings, "last_used_model_config")
    efforts = _object(document, "available_options").get("backend_reasoning_effort")
    known = map(_word, efforts) if isinstance(efforts, list) else ()
    return PickerSettings(
        default_model=_word(default.get("default_model_slug")),
        default_efforts=_words(_object(default, "juices")),
        last_models=_words(_object(last, "slugs")),
        last_efforts=_words(_object(_object(last, "juices"), _LANES[0])),
        reasoning_efforts=tuple(effort for effort in known if effort),
        wingman_effort=_word(settings.get("wingman_thinking_effort")),
    )


def preferred(settings: PickerSettings | None) -> tuple[str, ...]:
    """The models that were chosen last, by settings, the one that counts most first."""
    chosen = {} if settings is None else settings.last_models
    return tuple(chosen[lane] for lane in _LANES if lane in chosen)


def _address(url: str) -> str:
    """The address without login and query."""
    try:
        parts = urlsplit(url.encode("utf-8", "replace").decode())
        return redact_text(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}") if parts.netloc else ""
    except ValueError:
        return ""


def _object(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _words(found: Mapping[str, Any]) -> dict[str, str]:
    return {name[:_LONGEST]: word for name, value in found.items() if (word := _word(value))}


def _word(value: Any) -> str | None:
    return value[:_LONGEST] if isinstance(value, str) and value else None
