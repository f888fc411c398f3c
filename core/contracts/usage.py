"""What was asked for, counted."""

from __future__ import annotations

from core.contracts.base import Contract


class UsageCount(Contract):
    """Requests of one key to one account, by model and kind; tokens are estimates.

    Attributes:
        day: of UTC, as `YYYY-MM-DD`; empty where days were added up.
        owner: the key's id.
        account: empty where nobody served the request.
        failures: of the requests.
    """

    day: str = ""
    owner: str = ""
    account: str = ""
    model: str = ""
    kind: str = ""
    requests: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
