"""Which conversation of its owner a request belongs to, as far as it can be told."""

from __future__ import annotations

from hashlib import blake2b

from starlette.datastructures import Headers

from bridge.chat import transcript
from bridge.chat.transcript import Said
from core.contracts.routing import SPREADING, Strategy

_HEADERS = ("x-chatgpt-affinity", "x-session-affinity", "thread-id", "x-session-id")
"""The bridge's own; those of opencode and of Codex, whose helpers share all but the thread with their parent."""


def affinity_of(
    owner: str, headers: Headers, said: tuple[Said, ...], *, given: str | None, strategy: Strategy
) -> str | None:
    """The most explicit sign of it; a client's own words may be long: hashed.

    Args:
        given: what the body says, such as `prompt_cache_key`; headers come before it.
        strategy: where it spreads requests, only what the client says itself counts.
    """
    told = next((headers[name] for name in _HEADERS if headers.get(name)), given)
    if strategy in SPREADING and not told:
        return None
    sign = transcript.opening(said) if not told else blake2b(told.encode(), digest_size=16).hexdigest()
    return f"{owner}:{sign}"
