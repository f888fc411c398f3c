"""What OpenAI's API has and this bridge does not: each with the reason, and what to use instead."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import NotOfferedError

_ELSEWHERE = "Use another provider for it."
_FOLLOW = "Follow an operation at /v1/chatgpt/operations/{id}/events."
_KEYS = "Keys are made at /v1/chatgpt/keys; what they use is at /v1/chatgpt/usage."
_TALK = "Talk to a model with POST /v1/chat/completions."

UNOFFERED: Mapping[str, tuple[str, str]] = {
    "/v1/agents": ("Agents that are kept", _TALK),
    "/v1/assistants": ("Assistants", _TALK),
    "/v1/audio": ("Speech and transcription", _ELSEWHERE),
    "/v1/batches": ("Batches", "Send each request with `Prefer: respond-async`, and read its operation."),
    "/v1/chatkit": ("ChatKit", _TALK),
    "/v1/completions": ("Completions of plain text", _TALK),
    "/v1/containers": ("Containers for code", "Run code yourself, by tools of POST /v1/chat/completions."),
    "/v1/content_provenance_checks": ("Checks of where content comes from", _ELSEWHERE),
    "/v1/decisions": ("Decisions", _TALK),
    "/v1/edits": ("Edits of text", _TALK),
    "/v1/embeddings": ("Embeddings", _ELSEWHERE),
    "/v1/engines": ("Engines", "Models are listed at GET /v1/models."),
    "/v1/evals": ("Evaluations", _ELSEWHERE),
    "/v1/fine-tunes": ("Fine-tuning", _ELSEWHERE),
    "/v1/fine_tuning": ("Fine-tuning", _ELSEWHERE),
    "/v1/images/variations": (
        "Variations of a picture",
        "Upstream draws by words: send the picture to POST /v1/images/edits and say what may vary.",
    ),
    "/v1/live": ("Live sessions", _TALK),
    "/v1/moderations": (
        "Moderation by itself",
        "Upstream judges each request as it comes: what it refuses is a 400 `content_policy_violation`.",
    ),
    "/v1/organization": ("The administration of an organization", _KEYS),
    "/v1/projects": ("The administration of projects", _KEYS),
    "/v1/realtime": ("Realtime sessions", "Stream an answer with POST /v1/chat/completions and `stream`."),
    "/v1/safety": ("The administration of safety", _KEYS),
    "/v1/skills": ("Skills", _TALK),
    "/v1/threads": ("Threads of assistants", _TALK),
    "/v1/uploads": ("Uploads in parts", "Send the whole file to POST /v1/files."),
    "/v1/vaults": ("Vaults", _ELSEWHERE),
    "/v1/vector_stores": ("Vector stores", "Send the file itself along with the question."),
    "/v1/videos": ("Videos", _ELSEWHERE),
    "/v1/webhook_endpoints": ("Webhooks", _FOLLOW),
    "/v1/webhook_event_types": ("Webhooks", _FOLLOW),
}
"""By the beginning of a path, whatever the method: what it is, and a sentence that says what to do."""


def unoffered(path: str) -> NotOfferedError | None:
    """What to answer to a path that has no route here but has one at OpenAI; `None` for any other."""
    while path:
        found = UNOFFERED.get(path)
        if found is not None:
            what, instead = found
            return NotOfferedError(f"{what}: this bridge does not offer that. {instead}")
        path = path.rpartition("/")[0]
    return None
